/* A worker as the engine must be able to stand it: it says and does what the project's file "script" tells, a word and its argument a line. No GDAL,
 * no sandbox. Its one data file, data.txt, lists the uuids that were applied to it: who loses or doubles a change is seen there. Its databases are the
 * layers db0, db1 ...: a folder "db" beside the home, in which a transaction is a file that is renamed when it commits, and lost with its process. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/base/proc.h"
#include "engine/worker/job.h"

static json_t *description;

static const char *folder(const char *which)
{
	return fp_json_str_or(description, which, "");
}

static void line(const char *text)
{
	size_t n = strlen(text);
	char *whole = fp_asprintf("%s\n", text);

	for (size_t at = 0; at <= n;) {
		ssize_t k = write(FP_WORKER_FD, whole + at, n + 1 - at);
		if (k < 0)
			_exit(1);
		at += (size_t)k;
	}
	free(whole);
}

static void event(const char *kind, json_t *body)
{
	json_t *e = json_pack("{s:s,s:o}", "event", kind, kind, body);
	char *text = fp_json_dump(e);

	line(text);
	free(text);
	json_decref(e);
}

static void put(const char *name, const char *bytes, size_t n)
{
	char *path = fp_path_join(folder("output"), name), *dir = fp_path_dir(path);

	fp_fs_mkdirs(dir, NULL);
	if (fp_fs_write_atomic(path, bytes, n, NULL) != FP_OK)
		_exit(9);
	free(dir);
	free(path);
}

/* ---- databases ---- */

enum { CONNECTIONS = 4 };
static struct {
	struct fp_buf uuids; /* what its transaction holds */
	char txid[16];       /* "": it was not touched */
} databases[CONNECTIONS];

static char *db_path(const char *state, const char *txid)
{
	return fp_asprintf("%s/../../../../db/%s%s", folder("input"), state, txid);
}

static void begin(void)
{
	for (int c = 0; c < CONNECTIONS; c++) {
		char *path;
		if (databases[c].uuids.len == 0)
			continue;
		snprintf(databases[c].txid, sizeof databases[c].txid, "%d%d", (int)getpid(), c);
		path = db_path("pending-", databases[c].txid);
		if (fp_fs_write_atomic(path, databases[c].uuids.data, databases[c].uuids.len, NULL) != FP_OK)
			_exit(9);
		free(path);
	}
}

/* Asks for leave to commit; with ARG, without waiting for it. */
static void ask(const char *arg)
{
	json_t *list = json_array();
	char got[sizeof FP_COMMIT + 1] = "";
	size_t n = 0;

	for (int c = 0; c < CONNECTIONS; c++)
		if (*databases[c].txid)
			json_array_append_new(list, json_pack("{s:i,s:o,s:s,s:s}", "connection", c, "layer_id", json_sprintf("db%d", c), "database", "fake", "txid",
				databases[c].txid));
	if (json_array_size(list) == 0) {
		json_decref(list);
		return;
	}
	event("commit", json_pack("{s:o}", "transactions", list));
	while (!*arg && n < sizeof FP_COMMIT) {
		ssize_t k = read(FP_WORKER_FD, got + n, sizeof FP_COMMIT - n);
		if (k <= 0)
			_exit(1);
		n += (size_t)k;
	}
	if (!*arg && strcmp(got, FP_COMMIT "\n") != 0)
		_exit(6);
}

static void commit(int c)
{
	char *from = db_path("pending-", databases[c].txid), *to = db_path("committed-", databases[c].txid);

	if (*databases[c].txid && rename(from, to) != 0)
		_exit(9);
	free(from);
	free(to);
}

static void tell(int c, const char *why)
{
	char *path = db_path("pending-", databases[c].txid);

	if (why)
		unlink(path);
	if (*databases[c].txid)
		event("committed", json_pack("{s:i,s:b,s:s}", "connection", c, "ok", why == NULL, "message", why ? why : ""));
	free(path);
}

static void commit_all(const char *how)
{
	ask("");
	for (int c = 0; c < CONNECTIONS; c++) {
		commit(c);
		if (strcmp(how, "slowly") == 0)
			nanosleep(&(struct timespec){0, 1000000}, NULL);
		tell(c, NULL);
	}
}

static const char *truth(const char *txid)
{
	char *committed = db_path("committed-", txid), *pending = db_path("pending-", txid);
	struct fp_proc_id id;
	const char *is = access(committed, F_OK) == 0 ? "committed"
		: access(pending, F_OK) == 0 && fp_proc_id(&id, (pid_t)(atol(txid) / 10)) == 0 && fp_proc_alive(&id) ? "in progress" : "aborted";

	free(committed);
	free(pending);
	return is;
}

/* The first line of db/settle.script, which is taken away, is what the databases say; without one it is the truth. */
static void settle(void)
{
	struct fp_buf script = FP_BUF_INIT;
	char *path = db_path("settle.script", ""), *rest = NULL;
	const json_t *t;
	size_t i;

	if (fp_fs_read(&script, path, 1 << 20, NULL) == FP_OK && script.len) {
		rest = strchr(script.data, '\n');
		*rest++ = '\0';
		if (fp_fs_write_atomic(path, rest, strlen(rest), NULL) != FP_OK)
			_exit(9);
		if (strcmp(script.data, "die") == 0)
			kill(getpid(), SIGKILL);
	}
	json_array_foreach(json_object_get(description, "transactions"), i, t) {
		char *says = fp_strdup(rest ? script.data : truth(fp_json_str(t, "txid"))), *message = strchr(says, ':');
		if (message)
			*message++ = '\0';
		if (*says)
			event("transaction", json_pack("{s:O,s:s,s:s}", "connection", json_object_get(t, "connection"), "status", says, "message",
				message ? message : ""));
		free(says);
	}
	fp_buf_free(&script);
	free(path);
}

/* ---- applying ---- */

/* Every delta is applied ("slowly": with pauses; "but-one": the first without a word): its uuid is added to data.txt or to what its database holds, unless
 * the ledger says that it was. */
static void apply(const char *how)
{
	struct fp_buf deltas = FP_BUF_INIT, data = FP_BUF_INIT;
	char *in = fp_path_join(folder("input"), "data.txt"), *save = NULL;
	struct timespec pause = {0, 500000};
	int pauses = 0, file = 0, db = 0, told = 0;

	fp_fs_read(&data, in, 1 << 26, NULL);
	if (fp_fs_read(&deltas, folder("deltas"), 1 << 26, NULL) != FP_OK)
		_exit(9);
	for (char *l = strtok_r(deltas.data, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		json_t *d, *delta, *e;
		const char *uuid, *mapped, *layer;
		int again, c;

		if (fp_json_parse(&d, l, strlen(l), NULL) != FP_OK)
			_exit(9);
		delta = json_object_get(d, "delta");
		uuid = fp_json_str(delta, "uuid");
		layer = fp_json_str_or(delta, "sourceLayerId", "");
		mapped = fp_json_str_or(d, "mapped_pk", "");
		again = strcmp(fp_json_str_or(d, "ledger", ""), "applied") == 0;
		c = strncmp(layer, "db", 2) == 0 ? atoi(layer + 2) % CONNECTIONS : -1;
		file += c < 0;
		db += c >= 0;
		if (!again)
			fp_buf_addf(c < 0 ? &data : &databases[c].uuids, "%s\n", uuid);
		if (strcmp(how, "slowly") == 0 && pauses++ < 10)
			nanosleep(&pause, NULL);
		if (strcmp(how, "but-one") != 0 || told++) { /* the first is kept secret */
			e = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:n,s:s,s:s,s:s,s:s,s:s,s:s}", "class", again ? "already_applied" : "will_apply", "delta_id", uuid,
				"layer_id", layer, "method", fp_json_str_or(delta, "method", ""), "status", again ? "already_applied" : "applied", "msg", "", "feature_pk",
				mapped, "modified_pk", fp_json_str_or(delta, "localPk", ""), "conflicts", "provider_errors", "", "e_type", "", "hash_before", "00",
				"hash_after", "11", "client_id", fp_json_str_or(delta, "clientId", ""), "local_pk", fp_json_str_or(delta, "localPk", ""));
			if (c >= 0 && !again)
				json_object_set_new(e, "connection", json_integer(c));
			event("delta", e);
		}
		json_decref(d);
	}
	if (strcmp(folder("type"), "plan") != 0)
		begin();
	if (file || !db) {
		put("data.txt", data.data, data.len);
		event("file", json_pack("{s:s}", "name", "data.txt"));
	}
	fp_buf_free(&data);
	fp_buf_free(&deltas);
	free(in);
}

/* A file of so many bytes, no two blocks of which are alike. */
static void fill(const char *name, long bytes)
{
	char *data = fp_alloc((size_t)bytes + 1);

	for (long i = 0; i < bytes; i++)
		data[i] = (char)(i ^ i >> 8 ^ i >> 16);
	put(name, data, (size_t)bytes);
	free(data);
}

static void linger(const char *ms)
{
	long n = atol(ms);
	struct timespec t = {n / 1000, n % 1000 * 1000000};

	while (nanosleep(&t, &t) != 0 && errno == EINTR)
		;
}

static void act(const char *word, char *arg)
{
	char *more = strchr(arg, ' '), *path;

	if (more)
		*more++ = '\0';
	if (strcmp(word, "log") == 0)
		event("log", json_pack("{s:s,s:s}", "level", arg, "text", more));
	else if (strcmp(word, "logs") == 0)
		for (long i = 0; i < atol(arg); i++)
			event("log", json_pack("{s:s,s:s}", "level", "info", "text", "one more line"));
	else if (strcmp(word, "step") == 0)
		event("step", json_pack("{s:s,s:s,s:s}", "id", arg, "state", more, "message", ""));
	else if (strcmp(word, "raw") == 0) {
		if (more)
			more[-1] = ' ';
		line(arg);
	} else if (strcmp(word, "event") == 0)
		event(arg, json_loads(more, 0, NULL));
	else if (strcmp(word, "sleep") == 0)
		linger(arg);
	else if (strcmp(word, "secret") == 0) { /* tells whether it got it, in both ways; not what it is */
		const char *said = fp_json_str(json_object_get(description, "secrets"), arg), *env = getenv(arg);
		event("log", json_pack("{s:s,s:o}", "level", "info", "text", json_sprintf("%s: %s", arg,
			!said && !env ? "not given" : said && env && strcmp(said, env) == 0 ? "given" : "given in one way only")));
	} else if (strcmp(word, "kill") == 0)
		signal(atoi(arg), SIG_DFL), kill(getpid(), atoi(arg));
	else if (strcmp(word, "exit") == 0)
		_exit(atoi(arg));
	else if (strcmp(word, "deaf") == 0)
		signal(SIGTERM, SIG_IGN);
	else if (strcmp(word, "write") == 0)
		put(arg, more, strlen(more));
	else if (strcmp(word, "fill") == 0)
		fill(arg, atol(more));
	else if (strcmp(word, "link") == 0) {
		path = fp_path_join(folder("output"), arg);
		if (symlink(more, path) != 0)
			_exit(9);
		free(path);
	} else if (strcmp(word, "apply") == 0)
		apply(arg);
	else if (strcmp(word, "ask") == 0)
		ask(arg);
	else if (strcmp(word, "commit") == 0)
		commit(atoi(arg));
	else if (strcmp(word, "tell") == 0)
		tell(atoi(arg), more);
	else if (strcmp(word, "commit-all") == 0)
		commit_all(arg);
	else if (strcmp(word, "child") == 0) { /* leaves a process behind, and its number where the test finds it */
		pid_t pid = fork();
		if (pid == 0) {
			signal(SIGTERM, SIG_IGN);
			for (;;)
				pause();
		}
		event("log", json_pack("{s:s,s:o}", "level", "info", "text", json_sprintf("child %d", (int)pid)));
	} else {
		_exit(8);
	}
}

int main(void)
{
	struct fp_buf text = FP_BUF_INIT;
	char c, *script, *save = NULL;

	while (read(FP_WORKER_FD, &c, 1) == 1 && c != '\n')
		fp_buf_addc(&text, c);
	if (fp_json_parse(&description, text.data, text.len, NULL) != FP_OK)
		return 9;
	event("hello", json_pack("{s:i,s:{s:i}}", "protocol", FP_PROTOCOL, "sandbox", "landlock", 0));
	if (strcmp(folder("type"), "settle") == 0)
		settle();
	fp_buf_clear(&text);
	script = fp_asprintf("%s/%s.script", folder("input"), folder("type"));
	if (fp_fs_read(&text, script, 1 << 20, NULL) != FP_OK) {
		if (strcmp(folder("type"), "plan") == 0) /* what a plan finds unless a test says otherwise: all will be applied */
			fp_buf_adds(&text, "apply\n");
		else if (strcmp(folder("type"), "file_diff") == 0) /* and a difference: there is one */
			fp_buf_adds(&text, "event difference {\"table\":\"trees\",\"key\":\"7\",\"change\":\"changed\",\"fields\":[{\"field\":\"species\",\"before\":\"oak\","
				"\"after\":\"elm \\u001b[5m\"},{\"field\":\"geometry\",\"before\":\"POINT (2600016.45 1200103.486)\",\"after\":\"POINT (2600018.45 1200103.486)\","
				"\"moved\":2.0}]}\nevent table {\"table\":\"trees\",\"change\":\"changed\",\"before\":40,\"after\":40,\"added\":0,\"removed\":0,\"changed\":1,"
				"\"notes\":[]}\n");
		else if (strcmp(folder("type"), "settle") != 0)
			_exit(7);
	}
	for (char *l = text.len ? strtok_r(text.data, "\n", &save) : NULL; l; l = strtok_r(NULL, "\n", &save)) {
		char *arg = strchr(l, ' ');
		if (arg)
			*arg++ = '\0';
		act(l, arg ? arg : l + strlen(l));
	}
	event("result", json_pack("{s:b}", "ok", 1));
	fp_buf_free(&text);
	free(script);
	json_decref(description);
	return 0;
}
