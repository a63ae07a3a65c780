// Limits of the OpenWire codec, each with its reason.

/** Structures inside structures (and exceptions caused by exceptions). Real commands stay below 6. */
export const maxDepth = 32

/** Structures and array elements of one frame: each costs many times the bytes that it comes in. Real commands have tens. */
export const maxStructuresPerFrame = 65_536

/** Of a peer's WireFormatInfo, which arrives before anybody is authenticated (ActiveMQ: WireFormatInfo). */
export const maxWireFormatProperties = 64
export const maxWireFormatStringBytes = 512

/** A WireFormatInfo with all 64 properties at 512 bytes per name and value still fits. */
export const maxFrameSizeBeforeNegotiation = 128 * 1024

/** Bytes (as encoded) that the marshalling cache of one connection may keep: 1024 ids of 16 KiB each. */
export const maxCachedBytes = 16 * 1024 * 1024

/**
 * Eviction keeps this many slots free between commands (ActiveMQ: OpenWireFormat.runMarshallCacheEvictionSweep); both sides
 * rely on nothing else.
 */
export const cacheFreeSlots = 100

/** What a negotiated cache size of 0 means: 32767 / 2. */
export const defaultCacheSlots = 16_383

/** Loose strings carry their length as uint16; Java's tight writer refuses 32767 bytes and more. */
export const maxLooseStringBytes = 65_535
export const maxTightStringBytes = 32_766

/** Buffer behind the frames that are encoded: large enough that allocation does not show, small enough to be kept alive by one frame. */
export const slabBytes = 64 * 1024

/** Inflated size of a compressed body; Java 6.3 has the same default. */
export const maxInflatedBytes = 100 * 1024 * 1024
