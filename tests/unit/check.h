#pragma once
/* What every test file includes first: cmocka and the headers it wants before itself. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
