#include "engine/prober/prober.h"
enum fp_status fp_prober_ask(json_t **answer, int session, const json_t *question, int64_t timeout_ms, struct fp_error *err)
{
	(void)answer; (void)session; (void)question; (void)timeout_ms;
	return fp_fail(err, FP_E_CRASHED, "stub");
}
int fp_prober_session(struct fp_prober *p, struct fp_error *err) { (void)p; fp_fail(err, FP_E_CRASHED, "stub"); return -1; }
void fp_prober_free(struct fp_prober *p) { (void)p; }
enum fp_status fp_prober_start(struct fp_prober **out, const char *allow, const char *pgservice, const json_t *envvars, struct fp_error *err)
{
	(void)allow;(void)pgservice;(void)envvars; *out = 0; return fp_fail(err, FP_E_CRASHED, "stub");
}
