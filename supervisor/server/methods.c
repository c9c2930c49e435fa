#include "supervisor/server/methods.h"

#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/server/call-private.h"
#include "supervisor/server/fate.h"
#include "supervisor/server/parameters.h"
#include "supervisor/server/stream.h"

static void do_info(ServerCall *call, json_t *parameters) {
        json_t *info = json_pack("{s:s, s:s, s:s, s:s, s:[s, s]}", "vendor", "Reeve", "product", "reeved", "version",
                                 call->session->server->version, "url", "", "interfaces", WIRE_SERVICE, WIRE_INTERFACE);
        _cleanup_free_ char *text = info ? json_dumps(info, JSON_COMPACT) : NULL;

        (void) parameters;
        json_decref(info);
        server_reply(call, text);
}

static void do_description(ServerCall *call, json_t *parameters) {
        const char *interface, *text;
        json_t *object;
        _cleanup_free_ char *dumped = NULL;

        if (!parameter_text(parameters, "interface", &interface) || !interface) {
                call_refuse(call, "interface");
                return;
        }
        text = wire_interface_text(interface);
        if (!text) {
                call_fail_with(call, WIRE_SERVICE ".InterfaceNotFound", "interface", interface);
                return;
        }
        object = json_pack("{s:s}", "description", text);
        dumped = object ? json_dumps(object, JSON_COMPACT) : NULL;
        json_decref(object);
        server_reply(call, dumped);
}

static void not_implemented(ServerCall *call, const char *method) {
        call_fail_with(call, WIRE_SERVICE ".MethodNotImplemented", "method", method);
}

static void do_status(ServerCall *call, json_t *parameters) {
        const ServerOptions *o = &call->session->server->options;
        const char *cgroup;

        if (!parameter_text(parameters, "cgroup", &cgroup))
                call_refuse(call, "cgroup");
        else if (o->ops->status)
                o->ops->status(call, cgroup, o->userdata);
        else
                not_implemented(call, "Status");
}

static void do_explain(ServerCall *call, json_t *parameters) {
        const ServerOptions *o = &call->session->server->options;
        const char *what;

        if (!parameter_text(parameters, "what", &what) || !what || !what[0])
                call_refuse(call, "what");
        else if (o->ops->explain)
                o->ops->explain(call, what, o->userdata);
        else
                not_implemented(call, "Explain");
}

static void do_set(ServerCall *call, json_t *parameters) {
        const ServerOptions *o = &call->session->server->options;
        json_t *values = json_object_get(parameters, "values");
        _cleanup_free_ char *text = json_is_object(values) ? json_dumps(values, JSON_COMPACT) : NULL;
        const char *cgroup;
        bool dry_run, risk;

        if (!parameter_text(parameters, "cgroup", &cgroup) || !cgroup || !cgroup[0])
                call_refuse(call, "cgroup");
        else if (!text)
                call_refuse(call, "values");
        else if (!parameter_bool(parameters, "dry_run", &dry_run))
                call_refuse(call, "dry_run");
        else if (!parameter_bool(parameters, "risk", &risk))
                call_refuse(call, "risk");
        else if (o->ops->set)
                o->ops->set(call, cgroup, text, dry_run, risk, o->userdata);
        else
                not_implemented(call, "Set");
}

static void do_reload(ServerCall *call, json_t *parameters) {
        const ServerOptions *o = &call->session->server->options;

        (void) parameters;
        if (!call->peer.privileged)
                server_fail_text(call, "NotAllowed", "only root may reload the configuration");
        else if (o->ops->reload)
                o->ops->reload(call, o->userdata);
        else
                not_implemented(call, "Reload");
}

/* What both take. Returns false with @call ended. */
static bool pause_checked(ServerCall *call, json_t *parameters, const char **ret_cgroup, uint64_t *ret_for_usec) {
        if (!parameter_text(parameters, "cgroup", ret_cgroup) || (*ret_cgroup && !(*ret_cgroup)[0]))
                call_refuse(call, "cgroup");
        else if (!parameter_number(parameters, "for_usec", ret_for_usec))
                call_refuse(call, "for_usec");
        else if (!*ret_cgroup && !call->peer.privileged)
                server_fail_text(call, "NotAllowed", "only root may pause and resume all rules");
        else
                return true;
        return false;
}

static void do_pause(ServerCall *call, json_t *parameters) {
        const ServerOptions *o = &call->session->server->options;
        const char *cgroup;
        uint64_t for_usec;

        if (!pause_checked(call, parameters, &cgroup, &for_usec))
                return;
        if (o->ops->pause)
                o->ops->pause(call, cgroup, for_usec, o->userdata);
        else
                not_implemented(call, "Pause");
}

static void do_resume(ServerCall *call, json_t *parameters) {
        const ServerOptions *o = &call->session->server->options;
        const char *cgroup;
        uint64_t unused;

        if (!pause_checked(call, parameters, &cgroup, &unused))
                return;
        if (o->ops->resume)
                o->ops->resume(call, cgroup, o->userdata);
        else
                not_implemented(call, "Resume");
}

static void do_capture(ServerCall *call, json_t *parameters) {
        const ServerOptions *o = &call->session->server->options;
        bool recent;

        if (!parameter_bool(parameters, "recent", &recent))
                call_refuse(call, "recent");
        else if (!call->peer.reads_all)
                server_fail_text(call, "NotAllowed", "only root and the group reeve may capture: it shows every cgroup");
        else if (!call->more)
                server_fail(call, WIRE_SERVICE ".ExpectedMore", NULL);
        else if (o->ops->capture)
                o->ops->capture(call, recent, o->userdata);
        else
                not_implemented(call, "Capture");
}

static const struct {
        const char *name;
        void (*begin)(ServerCall *call, json_t *parameters);
} methods[] = {
        { WIRE_SERVICE ".GetInfo", do_info },
        { WIRE_SERVICE ".GetInterfaceDescription", do_description },
        { WIRE_INTERFACE ".Status", do_status },
        { WIRE_INTERFACE ".Explain", do_explain },
        { WIRE_INTERFACE ".Fate", fate_begin },
        { WIRE_INTERFACE ".Set", do_set },
        { WIRE_INTERFACE ".Reload", do_reload },
        { WIRE_INTERFACE ".Capture", do_capture },
        { WIRE_INTERFACE ".Pause", do_pause },
        { WIRE_INTERFACE ".Resume", do_resume },
};

static bool interface_known(const char *method) {
        return strncmp(method, WIRE_SERVICE ".", strlen(WIRE_SERVICE) + 1) == 0 ||
               strncmp(method, WIRE_INTERFACE ".", strlen(WIRE_INTERFACE) + 1) == 0;
}

void method_call(Session *c, const WireCall *call) {
        ServerCall *made;

        if (strcmp(call->method, WIRE_INTERFACE ".ListRecords") == 0) {
                stream_begin(c, call->parameters, call->more, call->oneway);
                return;
        }
        made = call_new(c, call->more, call->oneway);
        if (!made)
                return;
        for (size_t i = 0; i < ELEMENTSOF(methods); i++)
                if (strcmp(call->method, methods[i].name) == 0) {
                        methods[i].begin(made, call->parameters);
                        return;
                }
        if (interface_known(call->method))
                call_fail_with(made, WIRE_SERVICE ".MethodNotFound", "method", call->method);
        else
                call_fail_with(made, WIRE_SERVICE ".InterfaceNotFound", "interface", call->method);
}
