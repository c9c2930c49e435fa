#include "check.h"
#include "supervisor/act/ownership.h"

#include <errno.h>
#include <string.h>

static void test_whose_to_write(void **state) {
        static const struct {
                OwnershipFacts facts;
                OwnershipKind kind;
                ReeveReason reason;
                const char *said;
        } table[] = {
                { { .path = "/system.slice/a.service", .systemd = true, .unit_known = true, .unit = "a.service", .exact = true },
                  OWNERSHIP_UNIT, 0, NULL },
                { { .path = "/system.slice/a.service/x", .systemd = true, .unit_known = true, .unit = "a.service", .delegate = true },
                  OWNERSHIP_REFUSED, REEVE_REASON_DELEGATED, "a.service" },
                { { .path = "/system.slice/none/x", .systemd = true, .unit_known = true, .unit = "system.slice" },
                  OWNERSHIP_REFUSED, REEVE_REASON_NOT_OWNED, "system.slice" },
                { { .path = "/x", .systemd = true }, OWNERSHIP_REFUSED, REEVE_REASON_NOT_OWNED, "no unit" },
                { { .path = "/system.slice/a.service", .own = BUDGET_OWN_ADOPT, .systemd = true, .error = -ETIMEDOUT },
                  OWNERSHIP_REFUSED, REEVE_REASON_FAILED, "could not be asked" },
                { { .path = "/x" }, OWNERSHIP_REFUSED, REEVE_REASON_NOT_OWNED, "without systemd" },
                { { .path = "/x", .own = BUDGET_OWN_ADOPT }, OWNERSHIP_ADOPTED, 0, NULL },
                { { .path = "/system.slice/a.service/x", .own = BUDGET_OWN_ADOPT, .systemd = true, .unit_known = true,
                    .unit = "a.service", .delegate = true },
                  OWNERSHIP_ADOPTED, 0, NULL },
                /* What systemd writes it would write back: a unit stays systemd's whatever Own= says. */
                { { .path = "/a.slice", .own = BUDGET_OWN_ADOPT, .systemd = true, .unit_known = true, .unit = "a.slice", .exact = true },
                  OWNERSHIP_UNIT, 0, NULL },
                { { .path = "/system.slice/reeve-groups.service/x", .own = BUDGET_OWN_CREATE, .systemd = true,
                    .unit_known = true, .unit = "reeve-groups.service", .delegate = true },
                  OWNERSHIP_OWNED, 0, NULL },
                { { .path = "/system.slice/reeve-groups.service", .own = BUDGET_OWN_CREATE, .systemd = true,
                    .unit_known = true, .unit = "reeve-groups.service", .exact = true, .delegate = true },
                  OWNERSHIP_UNIT, 0, NULL },
                { { .path = "/elsewhere", .own = BUDGET_OWN_CREATE, .systemd = true }, OWNERSHIP_REFUSED, REEVE_REASON_NOT_OWNED, "" },
                { { .path = "/user.slice/u/x", .systemd = true, .unit_known = true, .unit = "user@1.service", .delegate = true,
                    .owner_asks = true },
                  OWNERSHIP_ADOPTED, 0, NULL },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
                Ownership o;

                ownership_decide(&table[i].facts, &o);
                assert_int_equal(o.kind, table[i].kind);
                if (o.kind == OWNERSHIP_REFUSED) {
                        assert_int_equal(o.reason, table[i].reason);
                        assert_non_null(strstr(o.text, table[i].said));
                }
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_whose_to_write) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
