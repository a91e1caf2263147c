QUEUE_SOURCES = \
	engine/queue/adopt.c \
	engine/queue/claim.c \
	engine/queue/commit.c \
	engine/queue/compare.c engine/queue/compare.h \
	engine/queue/describe.c engine/queue/describe.h \
	engine/queue/diff_text.c engine/queue/diff_text.h \
	engine/queue/engine.c engine/queue/engine.h \
	engine/queue/engine_run.c \
	engine/queue/feature_past.c engine/queue/feature_past.h \
	engine/queue/file_diff.c engine/queue/file_diff.h \
	engine/queue/import.c engine/queue/import.h \
	engine/queue/inbox.c engine/queue/inbox.h \
	engine/queue/lines.c engine/queue/lines.h \
	engine/queue/objection.c \
	engine/queue/plan.c engine/queue/plan.h \
	engine/queue/plan_end.c engine/queue/plan_end.h \
	engine/queue/plan_parts.h \
	engine/queue/plan_save.c \
	engine/queue/prepare.c \
	engine/queue/publish.c \
	engine/queue/publish_package.c \
	engine/queue/package_rows.c engine/queue/package_rows.h \
	engine/queue/question.c engine/queue/question.h \
	engine/queue/queue.c engine/queue/queue.h \
	engine/queue/record.c \
	engine/queue/recover.c \
	engine/queue/retain.c \
	engine/queue/rules.c engine/queue/rules.h \
	engine/queue/run.h \
	engine/queue/undo.c \
	engine/queue/wave.c engine/queue/wave.h \
	engine/queue/secret_test.c engine/queue/secret_test.h \
	engine/queue/secrets.c \
	engine/queue/settle.c \
	engine/queue/spool.c \
	engine/queue/upload.c \
	engine/queue/worker_proc.c engine/queue/worker_proc.h
