#include <stdio.h>

int main(void)
{
	puts("fieldpost " FP_VERSION);
	return 0;
}
