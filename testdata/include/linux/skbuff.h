#pragma once
#include <linux/mm.h>
struct sk_buff {
	struct sk_buff *next;
	unsigned int len;
	unsigned int data_len;
	unsigned int truesize;
};
void skb_fill_page_desc(struct sk_buff *skb, int i, struct page *page, int off, int size);
void kfree_skb(struct sk_buff *skb);
