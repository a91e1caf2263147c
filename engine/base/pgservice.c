#include "engine/base/pgservice.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"

#define BLANKS " \t\r\f\v"

/* Without the blanks around it, in place. */
static char *trim(char *s)
{
	size_t n;

	s += strspn(s, BLANKS);
	n = strlen(s);
	while (n && strchr(BLANKS, s[n - 1]))
		n--;
	s[n] = '\0';
	return s;
}

enum fp_status fp_pgservice_read(const char *text, fp_pgservice_each *each, void *arg, struct fp_error *err)
{
	char *copy = fp_strdup(text), *service = NULL, *rest = copy, *line;
	enum fp_status st = FP_OK;

	for (int n = 1; st == FP_OK && (line = strsep(&rest, "\n")); n++) {
		char *key = trim(line), *value;

		if (*key == '\0' || *key == '#')
			continue;
		if (*key == '[') {
			char *end = strchr(key, ']');
			if (!end || end[1] != '\0' || end == key + 1) {
				st = fp_fail(err, FP_E_INVALID, "service file, line %d: a section is \"[name]\" and nothing else", n);
				continue;
			}
			*end = '\0';
			service = key + 1;
			if (each)
				each(arg, service, NULL, NULL);
			continue;
		}
		value = strchr(key, '=');
		if (!service) {
			st = fp_fail(err, FP_E_INVALID, "service file, line %d: stands before the first \"[name]\"", n);
		} else if (!value || value == key) {
			/* the line itself is not told: it may be a password */
			st = fp_fail(err, FP_E_INVALID, "service file, line %d: neither \"[name]\" nor \"key=value\"", n);
		} else {
			*value++ = '\0';
			if (each)
				each(arg, service, trim(key), trim(value));
		}
	}
	free(copy);
	return st;
}
