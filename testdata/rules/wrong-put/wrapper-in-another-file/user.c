// Callers of the wrapper: one uses the pair, one drops by hand and wrongly.
#include <linux/slab.h>
#include "grab.h"

void consume(void *data);

int use_pair_ok(unsigned long start, int n)
{
	struct grab grab;
	int ret = grab_pages(&grab, start, n);

	if (ret)
		return ret;
	consume(page_address(grab.pages[0]));
	grab_drop(&grab);
	return 0;
}

int drop_by_hand_bad(unsigned long start, int n)
{
	struct grab grab;
	int i, ret = grab_pages(&grab, start, n);

	if (ret)
		return ret;
	for (i = 0; i < grab.n_pages; i++)
		put_page(grab.pages[i]); // fixme-missing: wrong-put this file is never read: grab_pages() leaves its pages in *grab, and demand() asks only for callers of what returns pages or has other callers
	kvfree(grab.pages);
	return 0;
}
