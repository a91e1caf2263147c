#include "engine/layers/kept.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/buf.h"

enum { KEPT_MAX = 16 };
static struct kept {
	char *key;
	void *it;
	void (*close)(void *it);
} kept[KEPT_MAX];

static void add_state(struct fp_buf *b, const struct stat *sb)
{
	fp_buf_addf(b, " %lld %lld %lld.%09ld", (long long)sb->st_ino, (long long)sb->st_size, (long long)sb->st_mtim.tv_sec, sb->st_mtim.tv_nsec);
}

char *fp_kept_key(const char *what, const char *real, const struct fp_strv *options)
{
	static const char *const logs[] = {"-wal", "-journal"};
	struct fp_buf b = FP_BUF_INIT;
	struct stat sb;

	if (stat(real, &sb) != 0 || !S_ISREG(sb.st_mode))
		return NULL;
	fp_buf_adds(&b, what);
	add_state(&b, &sb);
	for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
		char *log = fp_asprintf("%s%s", real, logs[i]);
		if (stat(log, &sb) == 0)
			add_state(&b, &sb);
		free(log);
	}
	fp_buf_addf(&b, " %s", real);
	for (size_t i = 0; options && i < options->n; i++)
		fp_buf_addf(&b, "|%s", options->items[i]);
	return fp_buf_take(&b);
}

void *fp_kept_take(const char *key)
{
	for (size_t i = 0; key && i < KEPT_MAX; i++)
		if (kept[i].key && strcmp(kept[i].key, key) == 0) {
			free(kept[i].key);
			kept[i].key = NULL;
			return kept[i].it;
		}
	return NULL;
}

/* The place of the one that came first is the next to be used. */
void fp_kept_give(char *key, void *it, void (*close)(void *it))
{
	static size_t next;
	struct kept *k = &kept[next];

	if (!key) {
		close(it);
		return;
	}
	next = (next + 1) % KEPT_MAX;
	if (k->key) {
		free(k->key);
		k->close(k->it);
	}
	*k = (struct kept){key, it, close};
}

void fp_kept_forget(void)
{
	for (size_t i = 0; i < KEPT_MAX; i++)
		if (kept[i].key) {
			free(kept[i].key);
			kept[i].key = NULL;
			kept[i].close(kept[i].it);
		}
}
