# What the test bed builds once and keeps: a Debian 12 root image and one folder per kernel. Sourced by vm.
# shellcheck shell=bash

CACHE=${REEVE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/reeve}
MIRROR=${REEVE_MIRROR:-http://deb.debian.org/debian}
MIRROR_SECURITY=${REEVE_MIRROR_SECURITY:-http://deb.debian.org/debian-security}
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# In the root: an init, what scenarios call, and the libraries that the programs under test are linked to.
ROOT_PACKAGES=(
        systemd systemd-sysv dbus dbus-user-session libpam-systemd udev kmod procps iproute2 util-linux
        busybox-static jq python3-minimal strace stress-ng sqlite3 podman crun conmon
        libcgroup2 libsystemd0 libnl-3-200 libnl-genl-3-200 libtracefs1 libtraceevent1 libbpf1
        libjansson4 libsqlite3-0 libini-config5 libcmocka0 libasan8 libubsan1
)

# With --peers: what tests/peers and tests/bench hold Reeve against, in an image of its own; their services are enabled there.
PEER_PACKAGES=(containerd runc systemd-oomd oomd earlyoom nohang)

say() { printf '%s\n' "$*" >&2; }
die() { say "vm: $*"; exit 1; }

# cache_need NAME COMMAND ARGS: runs "COMMAND NEWDIR ARGS" once, whatever number of test runs want it at the same time.
cache_need() {
        local name=$1 fd
        shift
        [[ -e $CACHE/$name/complete ]] && return
        mkdir -p "$CACHE"
        exec {fd}>"$CACHE/.$name.lock"
        flock "$fd"
        if [[ ! -e $CACHE/$name/complete ]]; then
                say "vm: building $name in $CACHE (once) ..."
                local start=$SECONDS new=$CACHE/.new-$name
                rm -rf --one-file-system "$new" "${CACHE:?}/$name"
                mkdir -p "$new"
                # In the background, because bash ignores "set -e" in what stands before || or in an if.
                ( set -e; "$1" "$new" "${@:2}" ) >"$CACHE/$name.log" 2>&1 &
                wait $! || {
                        tail -n 20 "$CACHE/$name.log" >&2
                        die "could not build $name; the whole log is $CACHE/$name.log"
                }
                touch "$new/complete"
                mv "$new" "$CACHE/$name"
                say "vm: $name is ready after $((SECONDS - start)) s"
        fi
        exec {fd}>&-
}

# The name bears a hash of what goes in, so that a changed list makes a new image and never a stale one.
root_name() {
        printf 'root-%s' "$({ printf '%s\n' "${ROOT_PACKAGES[@]}" "$MIRROR"; declare -f root_build; } | sha256sum | cut -c 1-12)"
}

root_build() {
        local new=$1 root=$1/root list
        list=$(IFS=,; printf '%s' "${ROOT_PACKAGES[*]}")
        # In a mount namespace of its own: an interrupted mmdebstrap leaves /proc and /sys mounted below the root.
        unshare --mount --propagation private mmdebstrap --variant=minbase --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Check-Valid-Until "false"' \
                --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
                --dpkgopt='path-exclude=/usr/share/doc/*' --include="$list" bookworm "$root" \
                "deb [signed-by=$KEYRING] $MIRROR bookworm main" \
                "deb [signed-by=$KEYRING] $MIRROR bookworm-updates main" \
                "deb [signed-by=$KEYRING] $MIRROR_SECURITY bookworm-security main"
        mkdir -p "$root/usr/lib/modules" "$root/reeve" "$root/opt/box/bin"
        # Nothing may run in the guest that a scenario did not start: timers and network waits cost seconds under emulation.
        local unit
        for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer systemd-networkd.service \
                systemd-timesyncd.service systemd-resolved.service getty@tty1.service serial-getty@ttyS0.service serial-getty@ttyS1.service \
                systemd-tmpfiles-clean.timer podman.service podman.socket podman-auto-update.timer podman-auto-update.service \
                podman-restart.service e2scrub_reap.service systemd-random-seed.service systemd-update-utmp.service \
                ifupdown-pre.service networking.service dev-hugepages.mount; do
                ln -sfn /dev/null "$root/etc/systemd/system/$unit"
        done
        cp "$root/bin/busybox" "$root/opt/box/bin/busybox"
        for unit in sh sleep tail cat head true; do
                ln -s busybox "$root/opt/box/bin/$unit"
        done
        mkdir -p "$root/opt/box"/{proc,sys,dev,tmp,etc,run}
        echo 'uid1:x:4001:4001::/home/uid1:/bin/bash' >>"$root/etc/passwd"
        echo 'uid2:x:4002:4002::/home/uid2:/bin/bash' >>"$root/etc/passwd"
        printf 'uid1:x:4001:\nuid2:x:4002:\n' >>"$root/etc/group"
        printf 'uid1:*:19000::::::\nuid2:*:19000::::::\n' >>"$root/etc/shadow"
        install -d -o 4001 -g 4001 "$root/home/uid1"
        install -d -o 4002 -g 4002 "$root/home/uid2"
        echo reeve-vm >"$root/etc/hostname"
        echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"
        rm -f "$root/etc/fstab" "$root/etc/resolv.conf"
        rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
        sed 's/^ *//' >"$root/etc/systemd/system/reeve-vm.service" <<'UNIT'
        [Unit]
        Description=The test bed's agent
        After=multi-user.target
        [Service]
        Type=oneshot
        ExecStart=/reeve/agent
        StandardOutput=file:/dev/ttyS1
        StandardError=inherit
        OOMScoreAdjust=-1000
        TimeoutStartSec=infinity
        Delegate=yes
        [Install]
        WantedBy=graphical.target
UNIT
        ln -s ../reeve-vm.service "$root/etc/systemd/system/graphical.target.wants/reeve-vm.service" 2>/dev/null || {
                mkdir -p "$root/etc/systemd/system/graphical.target.wants"
                ln -s ../reeve-vm.service "$root/etc/systemd/system/graphical.target.wants/reeve-vm.service"
        }
        truncate -s 2G "$new/root.ext4"
        mke2fs -q -t ext4 -O ^has_journal -d "$root" "$new/root.ext4"
        rm -rf --one-file-system "$root"
}

# kernel_suite KERNEL: the Debian suite that has it.
kernel_suite() {
        case $1 in
        5.10) echo bullseye ;;
        6.1) echo bookworm ;;
        6.12) echo trixie ;;
        newest) echo sid ;;
        *) die "unknown kernel '$1' (5.10, 6.1, 6.12, newest)" ;;
        esac
}

# apt_private DIR SUITE: writes the options of an apt that shares nothing with the host's.
apt_private() {
        local dir=$1 suite=$2
        mkdir -p "$dir"/{lists/partial,cache/archives/partial,state}
        : >"$dir/status"
        echo "deb [signed-by=$KEYRING] $MIRROR $suite main" >"$dir/sources.list"
        case $suite in
        bullseye | bookworm | trixie) echo "deb [signed-by=$KEYRING] $MIRROR_SECURITY $suite-security main" >>"$dir/sources.list" ;;
        esac
        APT_OPTIONS=(-o "Dir::Etc::sourcelist=$dir/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::Lists=$dir/lists"
                -o "Dir::Cache=$dir/cache" -o "Dir::State::status=$dir/status" -o APT::Sandbox::User=root
                -o Acquire::Check-Valid-Until=false -o Acquire::Languages=none -o APT::Architecture=amd64)
}

# kernel_packages PACKAGE: it and what it depends on, as far as that is a part of the kernel (newer ones are split in three).
kernel_packages() {
        local package=$1 dependency
        printf '%s\n' "$package"
        for dependency in $(apt-cache "${APT_OPTIONS[@]}" depends "$package" | sed -n 's/^ *Depends: \(linux-\(image\|binary\|modules\)-[0-9].*\)$/\1/p'); do
                kernel_packages "$dependency"
        done
}

kernel_build() {
        local new=$1 kernel=$2 version tree=$1/tree packages
        apt_private "$new/apt" "$(kernel_suite "$kernel")"
        apt-get "${APT_OPTIONS[@]}" update
        mapfile -t packages < <(kernel_packages linux-image-cloud-amd64 | sort -u | grep -v '^linux-image-cloud-amd64$')
        [[ ${#packages[@]} -gt 0 ]]
        mkdir -p "$new/debs" "$tree"
        ( cd "$new/debs" && apt-get "${APT_OPTIONS[@]}" download "${packages[@]}" )
        local deb
        for deb in "$new"/debs/*.deb; do
                dpkg-deb -x "$deb" "$tree"
        done
        [[ -d $tree/usr/lib/modules ]] || { mkdir -p "$tree/usr/lib"; mv "$tree/lib/modules" "$tree/usr/lib/modules"; }
        rm -rf "$tree/lib"
        ln -s usr/lib "$tree/lib"
        version=$(ls "$tree/usr/lib/modules")
        depmod -b "$tree" "$version"
        cp "$(find "$tree/boot" "$tree/usr/lib/modules" -name 'vmlinuz*' | head -n 1)" "$new/vmlinuz"
        echo "$version" >"$new/version"
        initramfs_build "$tree" "$version" "$new/initramfs.gz"
        truncate -s "$(($(du -sm "$tree/usr/lib/modules" | cut -f 1) * 5 / 4 + 32))M" "$new/modules.ext4"
        mke2fs -q -t ext4 -O ^has_journal -d "$tree/usr/lib/modules" "$new/modules.ext4"
        rm -rf "$tree" "$new/debs" "$new/apt"
}

# initramfs_build TREE VERSION FILE: static busybox and the modules on the way to the disks.
initramfs_build() {
        local tree=$1 version=$2 out=$3 dir module
        dir=$(mktemp -d)
        chmod 0755 "$dir"
        mkdir -p "$dir"/{bin,proc,sys,dev,newroot,modules}
        cp "$(command -v busybox)" "$dir/bin/busybox"
        modprobe -d "$tree" -S "$version" --show-depends -a virtio_pci virtio_blk ext4 overlay |
                sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' >"$dir/list"
        while read -r module; do
                local name=${module##*/}
                case $name in
                *.xz) xz -dc "$module" >"$dir/modules/${name%.xz}"; name=${name%.xz} ;;
                *.zst) zstd -qdc "$module" >"$dir/modules/${name%.zst}"; name=${name%.zst} ;;
                *) cp "$module" "$dir/modules/$name" ;;
                esac
                echo "$name" >>"$dir/modules/order"
        done <"$dir/list"
        touch "$dir/modules/order"
        sed 's/^        //' >"$dir/init" <<'INIT'
        #!/bin/busybox sh
        bb=/bin/busybox
        $bb mount -t proc proc /proc
        $bb mount -t sysfs sysfs /sys
        $bb mount -t devtmpfs devtmpfs /dev
        for m in $($bb cat /modules/order); do $bb insmod /modules/$m; done
        n=0
        while [ ! -b /dev/vdc ] && [ $n -lt 200 ]; do n=$((n + 1)); $bb usleep 50000; done
        $bb mount -t ext4 -o noatime /dev/vda /newroot || $bb poweroff -f
        $bb mount -t ext4 -o ro /dev/vdb /newroot/usr/lib/modules || $bb poweroff -f
        # The tree under test is a tar archive on the third disk; the root is a snapshot, so it is simply unpacked.
        $bb tar -x -f /dev/vdc -C /newroot || $bb poweroff -f
        $bb umount /sys /proc
        $bb mount --move /dev /newroot/dev
        exec $bb switch_root /newroot /sbin/init
INIT
        chmod 0755 "$dir/init"
        ( cd "$dir" && find . | cpio -o -H newc --quiet | gzip -1 ) >"$out"
        rm -rf "$dir"
}

# prepare KERNEL: sets ROOT_IMAGE and KERNEL_DIR.
prepare() {
        local root kernel=$1 program
        for program in qemu-system-x86_64 mmdebstrap busybox cpio mke2fs xz zstd flock; do
                PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null || die "$program is missing; packaging/dependencies --install vm installs what the test bed needs"
        done
        PATH=$PATH:/usr/sbin:/sbin
        root=$(root_name)
        cache_need "$root" root_build
        cache_need "kernel-$kernel" kernel_build "$kernel"
        ROOT_IMAGE=$CACHE/$root/root.ext4
        KERNEL_DIR=$CACHE/kernel-$kernel
}
