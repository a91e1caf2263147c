/* Kinds of layers that need a client which this program does not have (spec/layers.md 2.11, 2.19, 2.20). */
#include "engine/layers/provider.h"

void fp_check_client(struct fp_check *c)
{
	fp_verdict_not_checked(c, "no_client", FP_SLOTS({"PROVIDER", c->p->name}, {"TYPE", c->layer->type}));
}
