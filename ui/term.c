#include "ui/term.h"

#include "ui/draw.h" /* before term.h, which makes macros of "lines" and "columns" */

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/mem.h"
#include "ui/keys.h"

#define COPY_MAX (64 * 1024) /* what terminals take in one OSC 52 */

static SCREEN *screen;
static WINDOW *input;       /* a pad: reading from it refreshes nothing */
static FILE *null_out, *null_in;
static struct termios before;
static int has_terminal;
static int real_stderr = -1, kept_stderr = -1;
static char farewell[256];  /* what the terminal needs to hear when we die; made beforehand */
static size_t farewell_len;
static const int fatal[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGXCPU, SIGXFSZ };

enum fp_status fp_term_usable(struct fp_error *err)
{
	const char *term = getenv("TERM");
	enum fp_status st = FP_OK;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		st = fp_fail(err, FP_E_USAGE, "the console needs a terminal");
	else if (!term || !*term || strcmp(term, "dumb") == 0)
		st = fp_fail(err, FP_E_USAGE, "this terminal (TERM=%s) cannot show the console", term ? term : "");
	if (st)
		fp_error_hint(err, "use the commands: fieldpost project list, fieldpost job list, fieldpost layers NAME; all: fieldpost help");
	return st;
}

/* ---- what is written to stderr meanwhile ---- */

static void keep_stderr(void)
{
	if (!isatty(STDERR_FILENO))
		return;
	kept_stderr = memfd_create("fieldpost-stderr", MFD_CLOEXEC);
	real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (kept_stderr >= 0 && real_stderr >= 0)
		dup2(kept_stderr, STDERR_FILENO);
}

/* Async-signal-safe. */
static void give_back_stderr(void)
{
	char bytes[4096];
	off_t at = 0;
	ssize_t n;

	if (kept_stderr < 0 || real_stderr < 0)
		return;
	dup2(real_stderr, STDERR_FILENO);
	while ((n = pread(kept_stderr, bytes, sizeof bytes, at)) > 0) {
		if (write(STDERR_FILENO, bytes, (size_t)n) < 0)
			break;
		at += n;
	}
	close(kept_stderr);
	close(real_stderr);
	kept_stderr = real_stderr = -1;
}

/* ---- deaths ---- */

static void add_capability(const char *name)
{
	const char *s = tigetstr(name);

	if (s == NULL || s == (const char *)-1)
		return;
	while (*s && farewell_len < sizeof farewell - 1) {
		if (s[0] == '$' && s[1] == '<' && strchr(s, '>')) { /* a delay, not text */
			s = strchr(s, '>') + 1;
			continue;
		}
		farewell[farewell_len++] = *s++;
	}
}

static void on_fatal(int sig)
{
	if (has_terminal) {
		ssize_t ignored = write(STDOUT_FILENO, farewell, farewell_len);
		(void)ignored;
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
	}
	give_back_stderr();
	raise(sig); /* SA_RESETHAND: this time it kills */
}

static void catch_fatal(int on)
{
	static char stack[16384];
	stack_t alternative = { .ss_sp = stack, .ss_size = sizeof stack };
	struct sigaction sa = { .sa_flags = (int)(SA_RESETHAND | SA_NODEFER | SA_ONSTACK) };

	if (on)
		sigaltstack(&alternative, NULL);
	sa.sa_handler = on ? on_fatal : SIG_DFL;
	for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
		sigaction(fatal[i], &sa, NULL);
}

/* ---- life ---- */

static void modes(int no_mouse)
{
	raw(); /* Ctrl-C and Ctrl-Z come as keys */
	noecho();
	nonl();
	intrflush(NULL, FALSE);
	leaveok(stdscr, FALSE);
	scrollok(stdscr, FALSE);
	keypad(input, TRUE);
	nodelay(input, TRUE);
	if (!no_mouse && has_terminal) {
		mouseinterval(0);
		mousemask(BUTTON1_PRESSED | BUTTON1_CLICKED | BUTTON1_DOUBLE_CLICKED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL); /* press and release read at once are one click */
	}
}

/* Arrows as terminals send them that do not care for the mode they were asked for. */
static const struct { const char *sequence; int key; } alternates[] = {
	{ "\033[A", KEY_UP }, { "\033[B", KEY_DOWN }, { "\033[C", KEY_RIGHT }, { "\033[D", KEY_LEFT }, { "\033[H", KEY_HOME }, { "\033[F", KEY_END },
	{ "\033OA", KEY_UP }, { "\033OB", KEY_DOWN }, { "\033OC", KEY_RIGHT }, { "\033OD", KEY_LEFT }, { "\033[1~", KEY_HOME }, { "\033[4~", KEY_END },
};

static void define_alternates(void)
{
	for (size_t i = 0; i < sizeof alternates / sizeof *alternates; i++)
		if (key_defined(alternates[i].sequence) == 0)
			define_key(alternates[i].sequence, alternates[i].key);
}

enum fp_status fp_term_open(const struct fp_term_options *o, struct fp_error *err)
{
	const char *no_colour = getenv("NO_COLOR");
	int colour;

	if (strcmp(setlocale(LC_CTYPE, NULL), "C") == 0) /* a program that has not asked for its locale yet */
		setlocale(LC_CTYPE, "");
	if (!o->memory) {
		enum fp_status st = fp_term_usable(err);
		if (st)
			return st;
		tcgetattr(STDIN_FILENO, &before);
		screen = newterm(NULL, stdout, stdin);
	} else {
		null_out = fopen("/dev/null", "we");
		null_in = fopen("/dev/null", "re");
		if (!null_out || !null_in)
			return fp_fail_errno(err, errno, "cannot open /dev/null");
		screen = newterm("xterm-256color", null_out, null_in);
	}
	if (!screen) {
		fp_fail(err, FP_E_USAGE, "this terminal (TERM=%s) is not known on this system", o->memory ? "xterm-256color" : getenv("TERM"));
		fp_error_hint(err, "try TERM=xterm, or install ncurses-term");
		return FP_E_USAGE;
	}
	has_terminal = !o->memory;
	set_escdelay(25);
	input = newpad(1, 1);
	fp_assert(input);
	modes(o->no_mouse);
	define_alternates();
	colour = has_colors() && !(no_colour && *no_colour);
	if (colour) {
		start_color();
		use_default_colors();
	}
	fp_draw_setup(o->ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0, colour);
	if (has_terminal) {
		static const char mouse_off[] = "\033[?1006l\033[?1000l";
		if (!o->no_mouse) {
			memcpy(farewell, mouse_off, sizeof mouse_off - 1);
			farewell_len = sizeof mouse_off - 1;
		}
		add_capability("sgr0");
		add_capability("rmkx");
		add_capability("cnorm");
		add_capability("rmcup");
		keep_stderr();
		catch_fatal(1);
	}
	return FP_OK;
}

void fp_term_close(void)
{
	if (!screen)
		return;
	endwin();
	delwin(input);
	delscreen(screen);
	screen = NULL;
	if (has_terminal)
		catch_fatal(0);
	give_back_stderr();
	if (null_out)
		fclose(null_out);
	if (null_in)
		fclose(null_in);
	null_out = null_in = NULL;
	has_terminal = 0;
}

int fp_term_fd(void)
{
	return has_terminal ? STDIN_FILENO : -1;
}

/* ---- input ---- */

static const struct { int from, to; } translated[] = {
	{ KEY_UP, FP_KEY_UP }, { KEY_DOWN, FP_KEY_DOWN }, { KEY_LEFT, FP_KEY_LEFT }, { KEY_RIGHT, FP_KEY_RIGHT }, { KEY_PPAGE, FP_KEY_PGUP },
	{ KEY_NPAGE, FP_KEY_PGDN }, { KEY_HOME, FP_KEY_HOME }, { KEY_END, FP_KEY_END }, { KEY_BTAB, FP_KEY_BACKTAB }, { KEY_DC, FP_KEY_DELETE },
	{ KEY_F(1), FP_KEY_F1 }, { KEY_ENTER, FP_KEY_ENTER }, { KEY_BACKSPACE, FP_KEY_BACKSPACE },
};

/* After ESC: a sequence that nobody knows is swallowed whole, so that its letters are not taken for keys. */
static int unknown_sequence(void)
{
	wint_t c;
	int r = wget_wch(input, &c);

	if (r == ERR)
		return FP_KEY_ESC;
	if (r == KEY_CODE_YES) {
		ungetch((int)c);
		return FP_KEY_ESC;
	}
	if (c != '[' && c != 'O') {
		unget_wch((wchar_t)c);
		return FP_KEY_ESC;
	}
	do
		r = wget_wch(input, &c);
	while (r == OK && c < 0x40);
	return FP_KEY_OTHER;
}

static int read_mouse(struct fp_click *click)
{
	MEVENT m;

	if (getmouse(&m) != OK)
		return FP_KEY_OTHER;
	*click = (struct fp_click){ .y = m.y, .x = m.x, .what = FP_CLICK_LEFT };
	if (m.bstate & BUTTON4_PRESSED)
		click->what = FP_CLICK_WHEEL_UP;
	else if (m.bstate & BUTTON5_PRESSED)
		click->what = FP_CLICK_WHEEL_DOWN;
	else if (m.bstate & BUTTON1_DOUBLE_CLICKED)
		click->what = FP_CLICK_DOUBLE;
	return FP_KEY_MOUSE;
}

int fp_term_key(struct fp_click *click)
{
	wint_t c;
	int r = wget_wch(input, &c);

	if (r == ERR)
		return FP_KEY_NONE;
	if (r == OK) {
		if (c == 8)
			return FP_KEY_BACKSPACE;
		if (c == FP_KEY_ESC)
			return unknown_sequence();
		return c == '\n' ? FP_KEY_ENTER : c == 0 ? FP_KEY_OTHER : (int)c;
	}
	if (c == KEY_MOUSE)
		return read_mouse(click);
	for (size_t i = 0; i < sizeof translated / sizeof *translated; i++)
		if ((wint_t)translated[i].from == c)
			return translated[i].to;
	return FP_KEY_OTHER;
}

/* ---- outside events ---- */

void fp_term_resize(void)
{
	struct winsize ws;

	if (has_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_row > 0 && ws.ws_col > 0)
		resizeterm(ws.ws_row, ws.ws_col);
	clearok(stdscr, TRUE);
}

void fp_term_suspend(void)
{
	sigset_t stop, old;
	struct sigaction dfl = { .sa_handler = SIG_DFL }, saved;

	if (!has_terminal)
		return;
	endwin();
	sigaction(SIGTSTP, &dfl, &saved);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &stop, &old);
	kill(0, SIGTSTP); /* the whole foreground group, as the terminal would have done */
	sigprocmask(SIG_SETMASK, &old, NULL);
	sigaction(SIGTSTP, &saved, NULL);
	refresh();
	fp_term_resize();
}

void fp_term_repaint(void)
{
	clearok(stdscr, TRUE);
}

void fp_term_copy(const char *text, size_t len)
{
	size_t size;
	char *code;

	if (!has_terminal)
		return;
	if (len > COPY_MAX)
		len = COPY_MAX;
	size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
	code = fp_alloc(size);
	sodium_bin2base64(code, size, (const unsigned char *)text, len, sodium_base64_VARIANT_ORIGINAL);
	fputs("\033]52;c;", stdout);
	fputs(code, stdout);
	fputs("\033\\", stdout);
	fflush(stdout);
	free(code);
}
