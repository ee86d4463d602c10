#pragma once
#include <linux/mm.h>

struct engine {
	void (*f_start)(struct engine *engine, unsigned long addr);
	int (*f_finish)(struct engine *engine);
	struct page *pages[16];
	int nr;
};
