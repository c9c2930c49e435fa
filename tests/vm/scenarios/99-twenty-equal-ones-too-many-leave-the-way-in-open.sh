#vm storm memory=1024M own-boot timeout=180
# Twenty equal processes want more than the host has, and there is no swap. The shipped host rules end as many as are too many; a login
# shell answers within 5 s all the while; who died is told, one by one; the kernel kills nobody.
#
#   bed/99/without-swap-N   20 of them, 3 MB/s up to 64 MB     -> some are ended, the rest fits
#   bed-shell.service       bash -lc true, once a second       -> at most 5 s each
. /reeve/scenarios/twenty.inc
twenty 64 without-swap
