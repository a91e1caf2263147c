QUEUE_SOURCES = \
	engine/queue/claim.c \
	engine/queue/compare.c engine/queue/compare.h \
	engine/queue/engine.c engine/queue/engine.h \
	engine/queue/engine_run.c \
	engine/queue/import.c engine/queue/import.h \
	engine/queue/inbox.c engine/queue/inbox.h \
	engine/queue/prepare.c \
	engine/queue/publish.c \
	engine/queue/queue.c engine/queue/queue.h \
	engine/queue/record.c \
	engine/queue/recover.c \
	engine/queue/retain.c \
	engine/queue/rules.c engine/queue/rules.h \
	engine/queue/run.h \
	engine/queue/save.c \
	engine/queue/secret_test.c engine/queue/secret_test.h \
	engine/queue/secrets.c \
	engine/queue/upload.c \
	engine/queue/worker_proc.c engine/queue/worker_proc.h
