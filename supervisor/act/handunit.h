#pragma once
/* What a hand has systemd do: restart a unit, call a program. Runs on a hand. */
#include <poll.h>

#include "supervisor/act/hand.h"
#include "supervisor/host/systemd-programs.h"

/* The hand's connection; all zero before it was needed. */
typedef struct HandUnit {
        Systemd *systemd;
        SystemdPrograms *programs;       /* that were called and run */
} HandUnit;

/* Closes it; programs run on. */
void handunit_done(HandUnit *u);

/* Whether @work is one of these. */
bool handunit_is(HandWork work);

/* Does @t. *@u is opened where it is needed first, and stays the caller's. */
void handunit_do(HandUnit *u, const Cgroupfs *fs, HandTask *t);

/* What to wait for beside tasks, fd -1: nothing. Returns for how many milliseconds at most, -1: without end. */
int handunit_poll(const HandUnit *u, struct pollfd *ret);

/* A program that ended, as the task *@ret. To be called until false after each task and each wake. */
bool handunit_ended(HandUnit *u, HandTask *ret);
