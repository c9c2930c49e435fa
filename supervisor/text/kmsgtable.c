#include "supervisor/text/kmsgtable.h"

/* "[  pid  ]   uid  tgid total_vm      rss [rss_anon rss_file rss_shmem] pgtables_bytes swapents oom_score_adj name";
 * before 4.15 "nr_ptes [nr_pmds]" for pgtables_bytes, before 4.19 "[ pid ]". */
bool kmsg_table_header(KmsgLine *l, Cursor c, KmsgTable *table) {
        if (!cursor_word(&c, "[ "))
                return false;
        cursor_blanks(&c);
        if (!cursor_word(&c, "pid ") || !cursor_first(&c, "] ") || !cursor_first(&c, " uid ") || !cursor_first(&c, "swapents oom_score_adj name"))
                return false;
        l->kind = KMSG_TABLE_HEADER;
        if (!table)
                return true;
        table->known = true;
        table->rss_split = cursor_first(&c, " rss_anon rss_file rss_shmem ") != NULL;
        table->page_tables_in_bytes = cursor_first(&c, " pgtables_bytes ") != NULL;
        table->columns_before_swap = (table->rss_split ? 3u : 0u) + 1u + (cursor_first(&c, " nr_pmds ") ? 1u : 0u);
        return true;
}

static bool take_column(Cursor *c, int64_t *ret) {
        cursor_blanks(c);
        return cursor_number(c, ret);
}

/* Numbers only up to the name, which is the rest of the line whatever it holds. */
bool kmsg_table_row(KmsgLine *l, Cursor c, const KmsgTable *table) {
        int64_t total_vm, column, columns[4] = { 0 };

        if (!table || !table->known || !cursor_word(&c, "[") || !take_column(&c, &l->pid))
                return false;
        cursor_blanks(&c);
        if (!cursor_word(&c, "]") || !take_column(&c, &l->uid) || !take_column(&c, &l->tgid) || !take_column(&c, &total_vm) ||
            !take_column(&c, &l->rss_pages))
                return false;
        for (unsigned i = 0; i < table->columns_before_swap && i < 4; i++) {
                if (!take_column(&c, &column))
                        return false;
                columns[i] = column;
        }
        if (!take_column(&c, &l->swap_pages) || !take_column(&c, &l->adj) || !cursor_word(&c, " "))
                return false;
        if (table->page_tables_in_bytes)
                l->page_table_bytes = columns[table->columns_before_swap - 1];
        l->comm = cursor_slice(c.p, c.end);
        l->kind = KMSG_TABLE_ROW;
        return true;
}
