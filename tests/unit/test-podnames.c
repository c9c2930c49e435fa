#include "check.h"
#include "supervisor/host/podnames.h"

#include <stdio.h>
#include <stdlib.h>

#define UID "0a1b2c3d-1111-2222-3333-444455556666"
#define SLICE "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0a1b2c3d_1111_2222_3333_444455556666.slice"
#define ID "4fe1c0de00aa11bb22cc33dd44ee55ff66778899aabbccddeeff001122334455"

static void test_labels(void **state) {
        (void) state;
        char root[] = "/tmp/reeve-pods-XXXXXX", command[512], label[256];

        assert_non_null(mkdtemp(root));
        snprintf(command, sizeof(command), "mkdir -p %s/pods/shop_cart-0_%s %s/containers && touch %s/containers/cart-0_shop_nginx-%s.log",
                 root, UID, root, root, ID);
        assert_int_equal(system(command), 0);
        podnames_label(root, SLICE "/cri-containerd-" ID ".scope", label, sizeof(label));
        assert_string_equal(label, "shop_cart-0_" UID "/nginx");
        podnames_label(root, SLICE, label, sizeof(label));
        assert_string_equal(label, "shop_cart-0_" UID);
        podnames_label(root, "/system.slice/web.service", label, sizeof(label));
        assert_string_equal(label, "");
        podnames_label("/nonexistent", SLICE, label, sizeof(label));
        assert_string_equal(label, "");
        snprintf(command, sizeof(command), "rm -rf %s", root);
        assert_int_equal(system(command), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_labels) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
