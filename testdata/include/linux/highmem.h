#pragma once
#include <linux/mm.h>
void *kmap(struct page *page);
void kunmap(struct page *page);
void *kmap_local_page(struct page *page);
void kunmap_local(const void *addr);
void flush_dcache_page(struct page *page);
void copy_highpage(struct page *to, struct page *from);
