// A page goes on as its number. Numbers that say what went wrong have bits which none of a page has, so a page is always dropped;
// pages that nobody counts are not, and none that is held is one of them.
#include <linux/errno.h>
#include <linux/highmem.h>
#include <linux/kvm_host.h>

#define FRAME_ERROR_BITS	(0x7ffULL << 52)
#define FRAME_ANY_ERROR_BITS	(0xfffULL << 52)
#define FRAME_FAULT		(FRAME_ERROR_BITS)
#define FRAME_POISON		(FRAME_ERROR_BITS + 1)
#define FRAME_NO_SLOT		(0x1ULL << 63)

struct walk {
	u64 frame;
	int level;
};

static bool frame_is_error(u64 frame)
{
	return !!(frame & FRAME_ERROR_BITS);
}

static bool frame_is_no_page(u64 frame)
{
	return !!(frame & FRAME_ANY_ERROR_BITS);
}

static u64 frame_of(unsigned long addr)
{
	struct page *page;
	int got;

	if (addr < PAGE_SIZE)
		return FRAME_NO_SLOT;
	got = get_user_pages_unlocked(addr, 1, &page, FOLL_WRITE);
	if (got == 1)
		return page_to_pfn(page);
	return got == -EFAULT ? FRAME_FAULT : FRAME_POISON;
}

void frame_put(u64 frame)
{
	struct page *page;

	if (frame_is_no_page(frame))
		return;
	page = kvm_pfn_to_refcounted_page(frame);
	if (!page)
		return;
	put_page(page);
}

static int walk_map(struct walk *walk, unsigned long addr)
{
	walk->frame = frame_of(addr);
	if (frame_is_error(walk->frame))
		return walk->frame == FRAME_POISON ? -EIO : -EFAULT;
	if (walk->frame == FRAME_NO_SLOT)
		return -ENOENT;
	return 0;
}

int walk_touch_ok(unsigned long addr)
{
	struct walk walk = { .level = 1 };
	int ret = walk_map(&walk, addr);

	if (ret)
		return ret;
	ret = walk.level > 2 ? -EBUSY : 0;
	frame_put(walk.frame);
	return ret;
}

int walk_touch_bad(unsigned long addr)
{
	struct walk walk = { .level = 1 };
	int ret = walk_map(&walk, addr);

	if (ret)
		return ret;
	if (addr & PAGE_SIZE)
		return -EBUSY; // expect: leak
	frame_put(walk.frame);
	return 0;
}

/* The bit is one that numbers of pages may have. */
int walk_odd_bad(unsigned long addr)
{
	u64 frame = frame_of(addr);

	if (frame_is_no_page(frame))
		return -EFAULT;
	if (frame & (1ULL << 30))
		return -EINVAL; // expect: leak
	frame_put(frame);
	return 0;
}

struct frame_slot {
	u64 frame;
	unsigned long changes;
};

/* The frame of the last turn is dropped in the next. */
int frame_settle_ok(struct frame_slot *slot, unsigned long addr)
{
	u64 frame = FRAME_FAULT;
	unsigned long changes;

	do {
		changes = slot->changes;
		if (frame != FRAME_FAULT)
			frame_put(frame);
		frame = frame_of(addr);
		if (frame_is_no_page(frame))
			return -EFAULT;
	} while (slot->changes != changes);
	slot->frame = frame;
	frame_put(frame);
	return 0;
}

int frame_settle_bad(struct frame_slot *slot, unsigned long addr)
{
	u64 frame = FRAME_FAULT;
	unsigned long changes;

	do {
		changes = slot->changes;
		if (frame != FRAME_FAULT)
			frame_put(frame);
		frame = frame_of(addr);
		if (frame_is_no_page(frame))
			return -EFAULT;
		if (slot->changes > 10)
			return -EBUSY; // expect: leak
	} while (slot->changes != changes);
	frame_put(frame);
	return 0;
}

/* Of a page that is held, the number is one of a page, and the kernel reaches it. */
int frame_look_ok(unsigned long addr)
{
	u64 frame = frame_of(addr);
	void *at = NULL;

	if (frame_is_no_page(frame))
		return -EFAULT;
	if (pfn_valid(frame))
		at = kmap_local_page(pfn_to_page(frame));
	if (!at)
		return -EIO;
	frame_put(frame);
	return 0;
}
