// Its frame_of() is that of the header, and takes no reference.
#include "early.h"

struct page *early_frame_ok(unsigned long addr)
{
	struct page *page;

	if (get_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1) // balanced
		return NULL;
	put_page(page);
	return frame_of(addr);
}
