QUEUE_SOURCES = \
	engine/queue/queue.c engine/queue/queue.h \
	engine/queue/rules.c engine/queue/rules.h \
	engine/queue/save.c \
	engine/queue/upload.c \
	engine/queue/worker_proc.c engine/queue/worker_proc.h
