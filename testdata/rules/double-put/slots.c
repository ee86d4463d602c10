// Released on an error path, and once more by the teardown of the object that still names the pages.
#include <linux/fs.h>
#include <linux/slab.h>

struct channel {
	struct page *page;
	struct page **pages;
	int n_pages;
};

static void channel_free(struct channel *channel)
{
	if (channel->pages)
		unpin_user_pages(channel->pages, channel->n_pages);
	kvfree(channel->pages);
	kfree(channel);
}

/* The pages are released by hand, and the object is freed with them still in it. */
struct channel *channel_new_bad(unsigned long start, int n)
{
	struct channel *channel = kzalloc(sizeof(*channel), GFP_KERNEL);

	if (!channel)
		return NULL;
	channel->pages = kvmalloc_array(n, sizeof(*channel->pages), GFP_KERNEL);
	if (!channel->pages) {
		kfree(channel);
		return NULL;
	}
	channel->n_pages = pin_user_pages_fast(start, n, FOLL_WRITE, channel->pages);
	if (channel->n_pages <= 0) {
		kvfree(channel->pages);
		kfree(channel);
		return NULL;
	}
	if (n > 64) {
		unpin_user_pages(channel->pages, channel->n_pages);
		channel_free(channel); // expect: double-put
		return NULL;
	}
	return channel;
}

/* The right way: the field says that there is nothing left. */
struct channel *channel_new_ok(unsigned long start, int n)
{
	struct channel *channel = kzalloc(sizeof(*channel), GFP_KERNEL);

	if (!channel)
		return NULL;
	if (pin_user_pages_fast(start, 1, FOLL_WRITE, &channel->page) != 1) { // balanced
		kfree(channel);
		return NULL;
	}
	if (n > 64) {
		unpin_user_page(channel->page);
		channel->page = NULL;
	}
	if (channel->page)
		unpin_user_page(channel->page);
	kfree(channel);
	return NULL;
}
