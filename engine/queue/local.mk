QUEUE_SOURCES = \
	engine/queue/worker_proc.c engine/queue/worker_proc.h
