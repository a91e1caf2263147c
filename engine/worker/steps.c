#include "engine/worker/job.h"

const struct fp_step fp_steps[] = {
	{0}
};
