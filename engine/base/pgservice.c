#include "engine/base/pgservice.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"

#define BLANKS " \t\r"

/* One line, cut out of the text. libpq takes blanks off its ends and none from around "=". */
static enum fp_status read_line(char *line, int n, char **service, fp_pgservice_each *each, void *arg, struct fp_error *err)
{
	char *end = line + strlen(line), *equals;

	while (end > line && strchr(BLANKS, end[-1]))
		*--end = '\0';
	line += strspn(line, BLANKS);
	if (!*line || *line == '#')
		return FP_OK;
	if (*line == '[') {
		if (end[-1] != ']' || end - line < 3)
			return fp_fail(err, FP_E_INVALID, "line %d: a section is written \"[name]\"", n);
		end[-1] = '\0';
		free(*service);
		*service = fp_strdup(line + 1);
		if (each)
			each(arg, *service, NULL, NULL);
		return FP_OK;
	}
	equals = strchr(line, '=');
	if (!*service)
		return fp_fail(err, FP_E_INVALID, "line %d stands before the first section", n);
	if (!equals || equals == line) /* what the line holds may be a password: it is not shown */
		return fp_fail(err, FP_E_INVALID, "line %d is no \"key=value\"", n);
	*equals = '\0';
	if (each)
		each(arg, *service, line, equals + 1);
	return FP_OK;
}

enum fp_status fp_pgservice_read(const char *text, fp_pgservice_each *each, void *arg, struct fp_error *err)
{
	char *copy = fp_strdup(text), *rest = copy, *line, *service = NULL;
	size_t len = strlen(text);
	enum fp_status st = FP_OK;

	for (int n = 1; st == FP_OK && (line = strsep(&rest, "\n")); n++)
		st = read_line(line, n, &service, each, arg, err);
	explicit_bzero(copy, len);
	free(copy);
	free(service);
	return st;
}
