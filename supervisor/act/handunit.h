#pragma once
/* What a hand has systemd do: restart a unit, call a program. Runs on a hand. */
#include "supervisor/act/hand.h"
#include "supervisor/host/systemd.h"

/* Whether @work is one of these. */
bool handunit_is(HandWork work);

/* Does @t. *@systemd is opened where it is needed first, and stays the caller's. */
void handunit_do(Systemd **systemd, const Cgroupfs *fs, HandTask *t);
