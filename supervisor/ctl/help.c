#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/ctl/options.h"
#include "supervisor/ctl/print.h"
#include "supervisor/ctl/topics.h"

static const OptionsHelp help = {
        .usage = "help [TOPIC|COMMAND]",
        .text = "Answers what people ask about the OOM killer. Without TOPIC: what there is.",
        .examples = "  reevectl help 137\n"
                    "  reevectl help oom_score_adj",
        .most = -1,
};

static int topics_print(const CtlContext *c) {
        static const TableColumn columns[] = { { .title = "TOPIC" }, { .title = "ABOUT", .shrink = 1, .least = 20 } };
        Table t = TABLE_INIT(columns);

        for (const Topic *one = topics; one->names; one++) {
                table_addf(&t, TABLE_BOLD, "%.*s", (int) strcspn(one->names, "|"), one->names);
                table_add(&t, TABLE_PLAIN, one->summary);
        }
        (void) table_write(&t, stdout, c->width, c->color);
        table_clear(&t);
        (void) puts("\n'reevectl help TOPIC' answers; 'reevectl COMMAND --help' explains a command;\n'reevectl --help' lists them.");
        return CTL_DONE;
}

static int topics_json(const CtlContext *c) {
        for (const Topic *one = topics; one->names; one++) {
                json_auto_t *object = json_pack("{s:s%, s:s}", "topic", one->names, strcspn(one->names, "|"), "about", one->summary);

                if (!object || print_json(c, object) != CTL_DONE)
                        return CTL_FAILED;
        }
        return CTL_DONE;
}

/* A command's own help. Returns -1 where @word is no command. */
static int command_help(const char *word, const CtlContext *c) {
        for (const CtlCommand *k = c->commands; k->name; k++)
                if (strcmp(k->name, word) == 0) {
                        char name[64], option[] = "--help";

                        (void) snprintf(name, sizeof(name), "%s", word);
                        return k->run(2, (char *[]) { name, option, NULL }, c);
                }
        return -1;
}

/* reevectl help [TOPIC]. */
int ctl_help(int argc, char **argv, const CtlContext *c) {
        char words[256] = "";
        const Topic *topic;
        Options o;
        int e;

        if (options_parse(&o, &e, &help, argc, argv, c))
                return e;
        if (o.n_arguments == 0)
                return o.context.json ? topics_json(&o.context) : topics_print(&o.context);
        for (int i = 0; i < o.n_arguments; i++)
                (void) snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s%s", i > 0 ? " " : "", o.arguments[i]);
        e = command_help(words, &o.context);
        if (e >= 0)
                return e;
        topic = topic_find(words);
        if (!topic)
                return options_complain("help", "no help on '%s': 'reevectl help' lists the topics", words);
        if (!o.context.json) {
                print_explanation(&o.context, topic->text);
                return CTL_DONE;
        }

        json_auto_t *object = json_pack("{s:s%, s:s}", "topic", topic->names, strcspn(topic->names, "|"), "text", topic->text);

        return object ? print_json(&o.context, object) : CTL_FAILED;
}
