/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CS_BUFFER_BPF_H
#define CS_BUFFER_BPF_H

#include "bpf/row.bpf.h"

/* buffer.bpf.c: forgets the buffers in @bytes at @start, which are mapped no more. */
int forget(struct thread *t, u64 start, u64 bytes);

static __always_inline int mappings_changed(struct task_struct *task, u64 start, u64 bytes)
{
	struct cs_process *p;
	struct thread *t;

	t = thread_known(task);
	if (!t || !t->process)
		return 0; /* it has filled no buffer yet */
	p = process_of(t);
	if (!p)
		return 0;
	add(p->maps, 1);
	if (bytes)
		forget(t, start, bytes);
	return 0;
}

#endif
