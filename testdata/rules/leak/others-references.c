// Paths that differ in what they did to references of others only: they are for callers, and where there are none they are one.
#include <linux/mm.h>
#include <linux/kernel.h>

struct state {
	unsigned int flags;
	struct page *a, *b, *c, *d, *e, *f, *g;
};

int all_paths_ok(struct state *state, unsigned long addr)
{
	struct page *pages[4];
	int got;

	if (state->flags & 1)
		put_page(state->a);
	if (state->flags & 2)
		put_page(state->b);
	if (state->flags & 4)
		put_page(state->c);
	if (state->flags & 8)
		put_page(state->d);
	if (state->flags & 16)
		put_page(state->e);
	if (state->flags & 32)
		put_page(state->f);
	if (state->flags & 64)
		put_page(state->g);
	got = pin_user_pages_fast(addr, 4, 0, pages); // balanced
	if (got <= 0)
		return -EFAULT;
	unpin_user_pages(pages, got);
	return 0;
}

int all_paths_bad(struct state *state, unsigned long addr)
{
	struct page *pages[4];
	int got;

	if (state->flags & 1)
		put_page(state->a);
	if (state->flags & 2)
		put_page(state->b);
	if (state->flags & 4)
		put_page(state->c);
	if (state->flags & 8)
		put_page(state->d);
	if (state->flags & 16)
		put_page(state->e);
	if (state->flags & 32)
		put_page(state->f);
	if (state->flags & 64)
		put_page(state->g);
	got = pin_user_pages_fast(addr, 4, 0, pages);
	if (got <= 0)
		return -EFAULT;
	if (state->flags & 1)
		return 1; // expect: leak
	unpin_user_pages(pages, got);
	return 0;
}
