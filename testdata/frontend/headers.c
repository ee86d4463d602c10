// What comes from a header: only functions that are needed, with the linkage of a header.
#include "headers.h"

struct only_here {
	int a;
	struct inside {
		int b;
	} inside;
};

enum {
	gup_LIMIT = 4 * 1024,
	gup_NEGATIVE = -3,
	other = 5,
};

int main_function(int x)
{
	return used(x) + (int)sizeof(struct only_here);
}
