// Access paths: anonymous members are looked through, what has no tag is named after its surroundings.
typedef struct {
	int counter;
} count_t;

struct page {
	unsigned long flags;
	union {
		struct {
			void *mapping;
			unsigned long index;
		};
		struct {
			void *pool;
		} pp;
	};
	count_t count;
};

struct holder {
	struct page **pages;
	struct page *few[4];
	struct {
		unsigned int n;
	} state;
	unsigned int pinned : 1;
};

extern struct holder global;

#define container_of(ptr, type, member) ((type *)((char *)(ptr) - __builtin_offsetof(type, member)))

struct tree {
	int id;
	struct node {
		struct node *left;
	} nodes[2];
};

static void paths(struct holder *h, struct page *p, int i)
{
	p->mapping = 0;
	p->pp.pool = 0;
	p->count.counter = 1;
	h->pages[i]->index = 2;
	(*h).few[1] = *h->pages;
	*(h->pages + i) = h->few[i + 1];
	h->state.n++;
	h->pinned = 1;
	global.few[0] = p;
}

static struct page **addresses(struct holder *h, int i)
{
	struct page **first = h->few;
	struct page **some = &h->pages[i];

	if (some == &h->few[0])
		return first + i;
	return &*some;
}

static struct holder *outer(unsigned int *n)
{
	return container_of(n, struct holder, state.n);
}

static struct tree *outer_of_element(struct node *node, int i)
{
	return container_of(node, struct tree, nodes[i]);
}

static int statics(void)
{
	static int calls;
	extern int elsewhere;

	return calls++ + elsewhere;
}

static void fresh_each_round(int n)
{
	for (int i = 0; i < n; i++) {
		struct page *page;
		int set = 0;

		paths(&global, page, set);
	}
}

int all(struct holder *h, struct page *p)
{
	paths(h, p, 0);
	fresh_each_round(3);
	return statics() + outer(&h->state.n)->state.n + !addresses(h, 1) + !outer_of_element(0, 1);
}
