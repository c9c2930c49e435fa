#pragma once
/* The MESSAGE_ID of each record type in the journal, explained by packaging/catalog/reeve.catalog. They never change. */
#define REEVE_MESSAGES(X)                                                  \
        X(REEVE_RECORD_KILL, "db533303108c4f16864fea8438bb0378")           \
        X(REEVE_RECORD_SIGKILL, "d9292aa89e2d49caa7a33b9758c6122c")        \
        X(REEVE_RECORD_VERDICT, "f0004cab276e4827a9aebe0a234d8236")        \
        X(REEVE_RECORD_LIMIT, "4e5a5a2e006740acb5657748d0713e1d")          \
        X(REEVE_RECORD_GAP, "bd0386a526bd4ce2a6ba41c6490708e5")            \
        X(REEVE_RECORD_ALERT, "585f0ad0e8f4468989406c137e9eb604")          \
        X(REEVE_RECORD_SUPERVISOR, "f439112af3094daf8237ae7bc3b1ad69")     \
        X(REEVE_RECORD_STORM, "bd240edada88420683e23df4e59f2551")          \
        X(REEVE_RECORD_MORE, "90b7d9e812bb4c89ba6a0df6d45863d2")
