#pragma once
// The mini kernel as of 5.2: references of user pages have a release of their own name, and no count of their own yet.
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/mm_types.h>
#include <linux/vmalloc.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PAGE_ALIGN(addr) ALIGN(addr, PAGE_SIZE)
#define PFN_UP(x) (((x) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PFN_DOWN(x) ((x) >> PAGE_SHIFT)
#define PFN_PHYS(x) ((phys_addr_t)(x) << PAGE_SHIFT)
#define offset_in_page(p) ((unsigned long)(p) & ~PAGE_MASK)

/* References of user pages. */
long get_user_pages(unsigned long start, unsigned long nr_pages, unsigned int gup_flags, struct page **pages,
		    struct vm_area_struct **vmas);
int get_user_pages_fast(unsigned long start, int nr_pages, unsigned int gup_flags, struct page **pages);
void put_user_page(struct page *page);
void put_user_pages(struct page **pages, unsigned long npages);
void put_user_pages_dirty(struct page **pages, unsigned long npages);
void put_user_pages_dirty_lock(struct page **pages, unsigned long npages);

/* Ordinary references. */
void get_page(struct page *page);
bool try_get_page(struct page *page);
void put_page(struct page *page);
void folio_get(struct folio *folio);
void folio_put(struct folio *folio);
void folio_put_refs(struct folio *folio, int refs);
union release_pages_arg {
	struct page **pages;
	struct folio **folios;
} __attribute__((__transparent_union__));
void release_pages(union release_pages_arg arg, int nr);

/* Other names of a page. */
struct folio *page_folio(const struct page *page);
struct page *folio_page(struct folio *folio, unsigned long n);
struct page *compound_head(const struct page *page);
bool pfn_valid(unsigned long pfn);
void *page_address(const struct page *page);
struct page *nth_page(struct page *page, unsigned long n);

/* On x86 a page's number is its place in one array: arithmetic, no call. */
extern unsigned long vmemmap_base;
#define vmemmap ((struct page *)vmemmap_base)
#define page_to_pfn(page) ((unsigned long)((page) - vmemmap))
#define pfn_to_page(pfn) (vmemmap + (pfn))
#define page_to_phys(page) PFN_PHYS(page_to_pfn(page))
unsigned long __phys_addr(unsigned long address);
#define virt_to_page(address) pfn_to_page(__phys_addr((unsigned long)(address)) >> PAGE_SHIFT)
extern unsigned long empty_zero_page[PAGE_SIZE / sizeof(unsigned long)];
#define ZERO_PAGE(address) ((void)(address), virt_to_page(empty_zero_page))

/* What neither takes nor drops. */
bool set_page_dirty(struct page *page);
int set_page_dirty_lock(struct page *page);
void SetPageDirty(struct page *page);
bool PageReserved(const struct page *page);
void lock_page(struct page *page);
void unlock_page(struct page *page);
void set_page_writeback(struct page *page);
void end_page_writeback(struct page *page);
int page_count(const struct page *page);
int page_to_nid(const struct page *page);

void mmap_read_lock(struct mm_struct *mm);
void mmap_read_unlock(struct mm_struct *mm);
void mmgrab(struct mm_struct *mm);
void mmdrop(struct mm_struct *mm);
int account_locked_vm(struct mm_struct *mm, unsigned long pages, bool inc);
bool access_ok(const void *addr, unsigned long size);
unsigned long untagged_addr(unsigned long addr);

struct task_struct {
	struct mm_struct *mm;
	pid_t pid;
};
struct task_struct *get_current(void);
#define current get_current()
bool fatal_signal_pending(struct task_struct *task);
void cond_resched(void);
