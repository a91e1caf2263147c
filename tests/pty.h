/* A program on a pseudo-terminal, its screen kept by libvterm: the bytes a real terminal would get. */
#ifndef FP_TESTS_PTY_H
#define FP_TESTS_PTY_H

#include <sys/types.h>
#include <vterm.h>

#include "engine/base/buf.h"

struct pty {
	pid_t pid;
	int fd;
	int lines, columns;
	VTerm *vt;
	VTermScreen *screen;
	struct fp_buf raw;  /* everything that came */
	char *text;         /* as pty_text() saw it last */
	double started;     /* ms, monotonic */
};

double pty_now(void); /* ms, monotonic */

/* Starts ARGV (ends with NULL) with TERM=xterm-256color. Aborts when there is no pseudo-terminal. */
void pty_start(struct pty *p, int lines, int columns, char *const argv[]);
void pty_resize(struct pty *p, int lines, int columns);
void pty_type(struct pty *p, const char *bytes);

/* Reads until the screen shows TEXT: 1, or 0 after TIMEOUT_MS or at the end of the program. */
int pty_wait(struct pty *p, const char *text, int timeout_ms);
/* Reads until nothing came for QUIET_MS; when the last byte came (0: none did within TIMEOUT_MS). */
double pty_settle(struct pty *p, double quiet_ms, int timeout_ms);
/* Reads until the program ends; its wait status, or -1 after TIMEOUT_MS. */
int pty_end(struct pty *p, int timeout_ms);

/* The screen, trailing blanks removed; borrowed until the next call. */
const char *pty_text(struct pty *p);

/* Kills it when it still runs. */
void pty_free(struct pty *p);

#endif
