/* Why a connection failed: by SQLSTATE when the server spoke, else by the stage that failed and libpq's words, which are never translated here. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/mem.h"
#include "engine/prober/answer.h"
#include "engine/prober/postgres.h"

/* The server's refusals. */
static const struct state {
	const char *code, *stage, *cause;
} states[] = {
	{"28P01", "login", "login_refused"},
	{"28000", "login", "login_refused"},
	{"3D000", "database", "database_unknown"},
	{"42501", "database", "permission_denied"},
};

/* libpq's own sentences, and those of poolers, which have no SQLSTATE that says as much. STAGE NULL: the one that failed. */
static const struct sentence {
	const char *words, *stage, *cause;
} sentences[] = {
	{"server does not support SSL", "tls", "ssl_unsupported"},
	{"SSL required", "tls", "ssl_required"},
	{"SSL connection is required", "tls", "ssl_required"},
	{"SSL/TLS required", "tls", "ssl_required"},
	{"Connection refused", "port", "refused"},
	{"Connection timed out", "port", "timed_out"},
	{"Network is unreachable", "port", "unreachable"},
	{"No route to host", "port", "unreachable"},
	{"invalid sslmode value", "tls", "connect_failed"},
	{"certificate", "tls", "tls_failed"},
	{"SSL error", "tls", "tls_failed"},
	{"SSL SYSCALL", "tls", "tls_failed"},
	{"password", "login", "login_refused"},
	{"SCRAM", "login", "login_refused"},
	{"authentication method", "login", "login_refused"},
};

/* libpq's verbose form is "...FATAL:  28P01: words" and a line "LOCATION:  ...". Copies the code of the last such line and takes both out of TEXT. */
static void take_state(char *text, char code[6])
{
	char *to = text;

	*code = '\0';
	for (char *line = text, *next; *line; line = next) {
		size_t n = strcspn(line, "\n"), skip = 0, at = 0;
		next = line + n + (line[n] == '\n');
		if (strncmp(line, "LOCATION:  ", 11) == 0)
			continue;
		for (char *colon = line; !skip && colon + 10 <= line + n; colon++) {
			if (strncmp(colon, ":  ", 3) != 0 || strncmp(colon + 8, ": ", 2) != 0)
				continue;
			while (at < 5 && (isupper((unsigned char)colon[3 + at]) || isdigit((unsigned char)colon[3 + at])))
				at++;
			if (at < 5)
				break;
			memcpy(code, colon + 3, 5);
			code[5] = '\0';
			memmove(colon + 3, colon + 10, (size_t)(line + n - colon - 10));
			skip = 7;
		}
		memmove(to, line, n - skip);
		to += n - skip;
		*to++ = '\n';
	}
	*(to > text ? to - 1 : to) = '\0';
}

/* The stage that a connection in state LAST was at. */
static const char *stage_of(ConnStatusType last)
{
	switch (last) {
	case CONNECTION_STARTED: case CONNECTION_NEEDED: case CONNECTION_MADE:
		return "port";
	case CONNECTION_SSL_STARTUP:
		return "tls";
	default:
		return "login";
	}
}

void fp_pg_connect_fault(struct fp_pg *pg, PGconn *conn, ConnStatusType last, int tls_tried)
{
	struct fp_buf text = FP_BUF_INIT;
	const char *stage = stage_of(last), *cause = "connect_failed";
	char *code = pg->state;

	fp_buf_adds(&text, PQerrorMessage(conn));
	fp_buf_addc(&text, '\n');
	take_state(text.data, code);
	if (*code) {
		stage = "login";
		for (size_t i = 0; i < sizeof states / sizeof *states; i++)
			if (strcmp(states[i].code, code) == 0) {
				stage = states[i].stage;
				cause = states[i].cause;
			}
	}
	if (strcmp(code, "28000") == 0 && !tls_tried && strstr(text.data, "no pg_hba.conf entry")) {
		/* It was asked without TLS alone, and has no rule for that. Whether it has one for TLS it does not say. */
		stage = "tls";
		cause = "ssl_required";
	}
	for (size_t i = 0; strcmp(cause, "connect_failed") == 0 && i < sizeof sentences / sizeof *sentences; i++)
		if (strstr(text.data, sentences[i].words)) {
			stage = sentences[i].stage;
			cause = sentences[i].cause;
		}
	fp_answer_fault(pg->answer, stage, cause, "%s", text.data);
	fp_buf_free(&text);
}
