# the client, for everybody
PROBER_CLIENT_SOURCES = \
	engine/prober/client.c engine/prober/prober.h
# connecting to a database: what asks, and what applies changes
PROBER_CONNECT_SOURCES = \
	engine/prober/address.c engine/prober/address.h \
	engine/prober/answer.c engine/prober/answer.h \
	engine/prober/ask.h \
	engine/prober/postgres.c engine/prober/postgres.h \
	engine/prober/postgres_fault.c \
	engine/prober/resolve.c engine/prober/resolve.h
# what asks
PROBER_ASK_SOURCES = \
	engine/prober/cache.c engine/prober/cache.h \
	engine/prober/http.c \
	engine/prober/postgres_relation.c \
	engine/prober/postgres_tables.c
PROBER_SOURCES = \
	engine/prober/main.c \
	engine/prober/sandbox.c engine/prober/sandbox.h
