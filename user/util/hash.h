/* SPDX-License-Identifier: MIT */
#ifndef UTIL_HASH_H
#define UTIL_HASH_H

#include <stddef.h>
#include <stdint.h>

/* FNV-1a of @length bytes, behind those of @hash; 0 begins. No guard against who wants to collide. */
static inline uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;

	hash ^= 0xcbf29ce484222325;
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ at[i]) * 0x100000001b3;
	return hash;
}

#endif
