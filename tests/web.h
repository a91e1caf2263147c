/* A small web server of the tests' own: a forked child on a loopback port that serves what a table says and counts what came. */
#ifndef FP_TESTS_WEB_H
#define FP_TESTS_WEB_H

#include <stddef.h>
#include <sys/types.h>

struct web_route {
	const char *path;    /* with its query; "~abc": any that holds "abc"; "*": every other one. NULL ends the table */
	int status;          /* 0: BODY is all that is sent, whatever it is, and the connection closed */
	const char *headers; /* lines that end with \r\n, or NULL; "{port}" becomes the server's own */
	const char *body;    /* NULL: FILL bytes of "x" */
	size_t fill;         /* with a BODY: how long that is, 0: to its NUL */
	int delay_ms;        /* before anything is sent */
};

struct web {
	pid_t pid;
	int fd, port;
	struct web_seen {
		int connections, requests;
		size_t length;
		char heads[65536]; /* every request's head, one after the other */
	} *seen; /* shared with the child */
};

/* Takes a port: connections are accepted by the kernel from now on. */
void web_listen(struct web *w);

/* Begins to serve, in a child that dies with this process. ROUTES may be made with W->port. */
void web_serve(struct web *w, const struct web_route *routes);

/* Both. */
void web_start(struct web *w, const struct web_route *routes);

/* Connections so far; those which nobody accepted yet as well. */
int web_connections(struct web *w);

void web_stop(struct web *w);

#endif
