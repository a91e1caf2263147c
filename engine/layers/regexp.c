#define PCRE2_CODE_UNIT_WIDTH 8
#include "engine/layers/regexp.h"

#include <pcre2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"

#define PATTERN_MAX 4096
#define STEPS_MAX 200000 /* of one search; what people write takes a few steps a character */
#define DEPTH_MAX 2000
#define HEAP_MAX 4096    /* KiB */

struct fp_regexp {
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *limits;
};

enum fp_status fp_regexp_new(struct fp_regexp **out, const char *pattern, int caseless, struct fp_error *err)
{
	uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | (caseless ? PCRE2_CASELESS : 0);
	size_t n = strlen(pattern), at;
	pcre2_code *code;
	char why[120];
	int rc;

	*out = NULL;
	if (n > PATTERN_MAX)
		return fp_fail(err, FP_E_REFUSED, "a regular expression of %zu characters", n);
	code = pcre2_compile((PCRE2_SPTR)pattern, n, options, &rc, &at, NULL);
	if (!code) {
		pcre2_get_error_message(rc, (PCRE2_UCHAR *)why, sizeof why);
		return fp_fail(err, rc == PCRE2_ERROR_BACKSLASH_C_CALLER_DISABLED ? FP_E_REFUSED : FP_E_INVALID, "the regular expression \"%s\" is not valid: %s",
			pattern, why);
	}
	*out = fp_alloc(sizeof **out);
	(*out)->code = code;
	(*out)->match = pcre2_match_data_create_from_pattern(code, NULL);
	(*out)->limits = pcre2_match_context_create(NULL);
	fp_assert((*out)->match && (*out)->limits);
	pcre2_set_match_limit((*out)->limits, STEPS_MAX);
	pcre2_set_depth_limit((*out)->limits, DEPTH_MAX);
	pcre2_set_heap_limit((*out)->limits, HEAP_MAX);
	return FP_OK;
}

void fp_regexp_free(struct fp_regexp *r)
{
	if (!r)
		return;
	pcre2_match_context_free(r->limits);
	pcre2_match_data_free(r->match);
	pcre2_code_free(r->code);
	free(r);
}

size_t fp_regexp_groups(const struct fp_regexp *r)
{
	return pcre2_get_ovector_count(r->match) - 1;
}

int fp_regexp_find(struct fp_regexp *r, const size_t **spans, const char *text, size_t n, size_t from)
{
	int rc;

	if (from > n)
		return 0;
	rc = pcre2_match(r->code, (PCRE2_SPTR)text, n, from, PCRE2_NO_UTF_CHECK, r->match, r->limits);
	*spans = pcre2_get_ovector_pointer(r->match);
	return rc > 0 ? rc : rc == PCRE2_ERROR_NOMATCH ? 0 : -1;
}
