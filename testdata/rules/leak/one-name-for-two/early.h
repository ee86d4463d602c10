#pragma once
#include <linux/mm.h>

/* Another function has this name, in files that do not read this header. */
static inline struct page *frame_of(unsigned long addr)
{
	return addr ? pfn_to_page(addr >> PAGE_SHIFT) : NULL;
}
