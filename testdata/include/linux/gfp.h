#pragma once
#include <linux/types.h>

#define GFP_KERNEL ((gfp_t)0xcc0)
#define GFP_ATOMIC ((gfp_t)0x820)
#define GFP_NOWAIT ((gfp_t)0x2800)
#define __GFP_ZERO ((gfp_t)0x100)

struct page;
struct folio;

struct page *alloc_page(gfp_t gfp);
struct page *alloc_pages(gfp_t gfp, unsigned int order);
unsigned long __get_free_page(gfp_t gfp);
void __free_page(struct page *page);
void __free_pages(struct page *page, unsigned int order);
void free_page(unsigned long addr);
