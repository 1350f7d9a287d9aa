// SPDX-License-Identifier: GPL-2.0
/* Pipes and FIFOs: bytes copied into and out of pipe buffers. */
#include "bpf/row.bpf.h"

static __always_inline int pipe_in_or_out(struct task_struct *task, struct kiocb *iocb,
					  struct iov_iter *iter, s64 ret, bool out)
{
	struct cs_row_key key = {};
	struct segments s;
	struct thread *t;
	u32 pipe;

	t = thread_of(task);
	if (!t || !in_user_memory(t, iter->iter_type))
		return 0;
	key.process = t->process;
	key.call = current_call(task);
	pipe = endpoint_of(t, iocb->ki_filp);
	if (out) {
		key.hop = CS_PIPE_TO_USER;
		key.source = pipe;
		if (ret < 0)
			ret = 0;
		segments_of(t, iter, iter->iter_type, ret, &s);
		fold_read(t, task, &key, &s, ret, ret);
	} else {
		key.hop = CS_USER_TO_PIPE;
		key.destination = pipe;
		segments_of(t, iter, iter->iter_type, ret, &s);
		fold_write(t, task, &key, &s, ret, CS_MAPPING_TO_PIPE);
	}
	return 0;
}

#define ON_PIPE(function, out)                                                    \
	SEC("?fexit/" #function)                                                  \
	int TRACED_PROG(on_##function, struct kiocb *iocb, struct iov_iter *iter) \
	{                                                                         \
		return pipe_in_or_out(task, iocb, iter, returned(ctx), out);      \
	}

ON_PIPE(pipe_read, true)
ON_PIPE(pipe_write, false)
/* Their names between v6.12 and v6.18; fifo_pipe_*() call them. */
ON_PIPE(anon_pipe_read, true)
ON_PIPE(anon_pipe_write, false)
