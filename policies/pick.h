#pragma once
/* Pick: which process of a chosen cgroup is ended, where a rule says Victim=process: whom the kernel would take, by
 * predict_badness(), after what Prefer= and Avoid= say of names. Pure. */
#include "policies/judge.h"
#include "policies/predict.h"

typedef struct PickProcess {
        int32_t pid;
        uint64_t start_usec;             /* with pid its identity, as exact as ticks */
        char comm[64];                   /* raw bytes */
        int64_t pages;                   /* in RAM, in swap, and of page tables */
        int adj;                         /* oom_score_adj */
        int64_t points;                  /* PREDICT_NEVER */
        int preference;                  /* 1: Prefer=comm:, -1: Avoid=comm: */
        bool passed;                     /* it would not end, a moment ago */
        unsigned rank;                   /* 1: the victim; 0: not to be chosen */
} PickProcess;

/* What judge_done() is told of a process that would not end. No id of a cgroup is like it. */
uint64_t pick_key(const PickProcess *p);

/* Fills in points and preference, orders the @n processes, the victim first, those not to be chosen last, and numbers them.
 * @total_pages: of the limit, predict_total_pages(). Returns how many may be chosen. */
size_t pick_rank(const RuleSection *rule, const JudgeState *state, int64_t total_pages, PickProcess *processes, size_t n);
