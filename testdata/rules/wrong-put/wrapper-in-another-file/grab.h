#pragma once
#include <linux/mm.h>

struct grab {
	struct page **pages;
	int n_pages;
};

int grab_pages(struct grab *grab, unsigned long start, int n);
void grab_drop(struct grab *grab);
