(module
  (memory (export "memory") 1 1024)
  (global $trap (mut i32) (i32.const 0))
  (global $heap_base (mut i32) (i32.const 64))
  (global $opened (mut i32) (i32.const 0))
  (global $chunk (mut i32) (i32.const 0))
  (global $kept_top (mut i32) (i32.const 0))
  (global $row (mut i32) (i32.const 0))
  (global $slot_mask (mut i32) (i32.const 0))
  (global $slots (mut i32) (i32.const 0))
  (global $heap_top (mut i32) (i32.const 0))
  (global $rows (mut i32) (i32.const 0))
  (global $walk_order (mut i32) (i32.const 0))
  (global $table_bytes (mut i32) (i32.const 0))
  (global $text_next (mut i32) (i32.const 0))
  (global $text_end (mut i32) (i32.const 0))
  (global $record_count (mut i32) (i32.const 0))
  (global $record_next (mut i32) (i32.const 0))
  (global $record_end (mut i32) (i32.const 0))
  (global $first_segment (mut i32) (i32.const 0))
  (global $last_segment (mut i32) (i32.const 0))
  (global $best_rows (mut i32) (i32.const 0))
  (global $best_room (mut i32) (i32.const 0))
  (global $keys_made (mut i64) (i64.const 0))
  (global $chunk_end (mut i32) (i32.const 0))
  (global $block_next (mut i32) (i32.const 0))
  (global $block_end (mut i32) (i32.const 0))
  (global $map_places (mut i32) (i32.const 0))
  (global $map_mask (mut i32) (i32.const 0))
  (global $map_entries (mut i32) (i32.const 0))
  (global $first_row (mut i64) (i64.const 0))
  (global $table (mut i32) (i32.const 0))
  (global $walk_segment (mut i32) (i32.const 0))
  (global $walk_at (mut i32) (i32.const 0))
  (global $walk_end (mut i32) (i32.const 0))
  (func $input (export "input") (param $bytes i32) (result i32)
    local.get $bytes
    call $receive
    return
  )
  (func $open
    global.get $opened
    if
      return
    end
    call $states_begin
    i32.const 2
    call $open_chunk
    global.get $trap
    if
      return
    end
    global.get $chunk
    i32.const 64
    i32.add
    i32.const 12
    i32.const 4
    call $check_column
    global.get $trap
    if
      return
    end
    global.get $chunk
    i32.const 80
    i32.add
    i32.const 5
    i32.const 8
    call $check_column
    global.get $trap
    if
      return
    end
  )
  (func $work (param $stop i32)
    (local $i i32)
    (local $%1_word_values i32)
    (local $%2_word_bytes i32)
    (local $%3 i32)
    (local $%4_word_mask i32)
    (local $%5_word_validity i32)
    (local $%6_count_values i32)
    (local $%7_word_valid i32)
    (local $%8 i32)
    (local $%9 i32)
    (local $%10_word i64)
    (local $%11 i64)
    (local $%12_count i64)
    (local $%13 i64)
    (local $%14 i64)
    (local $%15 i32)
    (local $$16 i32)
    (local $$17 i32)
    (local $%18 i64)
    (local $%19 i32)
    (local $%20 i64)
    (local $%21 i64)
    (local $%22 i64)
    (local $%23 i64)
    (local $%24 i64)
    (local $%25 i64)
    (local $%26 i64)
    global.get $kept_top
    global.set $heap_top
    global.get $row
    local.set $i
    global.get $chunk
    global.get $chunk
    i32.load offset=68
    i32.add
    local.set $%1_word_values
    global.get $chunk
    global.get $chunk
    i32.load offset=76
    i32.add
    local.set $%2_word_bytes
    global.get $chunk
    i32.load offset=72
    local.set $%3
    i32.const -1
    i32.const 0
    local.get $%3
    select
    local.set $%4_word_mask
    global.get $chunk
    local.get $%3
    i32.const 4
    local.get $%3
    select
    i32.add
    local.set $%5_word_validity
    global.get $chunk
    global.get $chunk
    i32.load offset=84
    i32.add
    local.set $%6_count_values
    block
      loop
        local.get $i
        local.get $stop
        i32.lt_u
        i32.eqz
        br_if 1
        local.get $%5_word_validity
        local.get $i
        local.get $%4_word_mask
        i32.and
        i32.add
        i32.load8_u
        local.set $%7_word_valid
        local.get $%1_word_values
        local.get $i
        i32.const 2
        i32.shl
        i32.add
        local.set $%8
        local.get $%8
        i32.load
        local.set $%9
        local.get $%2_word_bytes
        local.get $%9
        i32.add
        i64.extend_i32_u
        local.get $%8
        i32.load offset=4
        local.get $%9
        i32.sub
        i64.extend_i32_u
        i64.const 32
        i64.shl
        i64.or
        local.set $%10_word
        local.get $%10_word
        i64.const 1
        call $str_left
        local.set $%11
        local.get $%6_count_values
        local.get $i
        i32.const 3
        i32.shl
        i32.add
        i64.load
        local.set $%12_count
        local.get $%10_word
        call $str_length
        local.set $%13
        local.get $%11
        i64.const 0
        local.get $%7_word_valid
        select
        local.set $%14
        i64.const 0
        local.get $%14
        call $hash_text
        i32.wrap_i64
        local.set $%15
        local.get $%15
        global.get $slot_mask
        i32.and
        local.set $$16
        i32.const 0
        local.set $$17
        block
          loop
            global.get $slots
            local.get $$16
            i32.const 2
            i32.shl
            i32.add
            i32.load
            local.set $$17
            local.get $$17
            i32.eqz
            if
              br 2
            end
            local.get $$17
            i32.load
            local.get $%15
            i32.eq
            if
              local.get $$17
              i32.load8_u offset=64
              local.get $%7_word_valid
              i32.eq
              if
                local.get $$17
                i64.load offset=8
                local.set $%18
                local.get $%18
                local.get $%14
                call $str_equal
                if
                  br 4
                end
              end
            end
            local.get $$16
            i32.const 1
            i32.add
            global.get $slot_mask
            i32.and
            local.set $$16
            br 0
          end
        end
        local.get $$17
        i32.eqz
        if
          local.get $$16
          local.get $%15
          i32.const 72
          call $record_insert
          local.set $%19
          global.get $trap
          if
            return
          end
          local.get $%19
          local.set $$17
          local.get $%14
          i64.const 0
          local.get $%7_word_valid
          select
          call $keep_text
          local.set $%20
          global.get $trap
          if
            return
          end
          local.get $$17
          local.get $%20
          i64.store offset=8
          local.get $$17
          local.get $%7_word_valid
          i32.store8 offset=64
        end
        local.get $$17
        i64.load offset=16
        i64.const 1
        i64.add
        local.set $%21
        local.get $$17
        local.get $%21
        i64.store offset=16
        local.get $$17
        i64.load offset=24
        local.get $%12_count
        i64.add
        local.set $%22
        local.get $$17
        local.get $%22
        i64.store offset=24
        local.get $$17
        i64.load offset=32
        local.get $%22
        local.get $%12_count
        i64.lt_u
        i64.extend_i32_u
        local.get $%12_count
        i64.const 63
        i64.shr_s
        i64.add
        i64.add
        local.set $%23
        local.get $$17
        local.get $%23
        i64.store offset=32
        local.get $$17
        i64.load offset=40
        i64.const 1
        i64.add
        local.set $%24
        local.get $$17
        local.get $%24
        i64.store offset=40
        local.get $%7_word_valid
        local.get $%7_word_valid
        i32.and
        if
          local.get $$17
          i64.load offset=56
          local.set $%25
          local.get $$17
          i32.load8_u offset=66
          i32.eqz
          local.get $%13
          local.get $%25
          i64.gt_s
          i32.or
          if
            local.get $$17
            i64.load offset=48
            local.get $%10_word
            call $best_text
            local.set $%26
            global.get $trap
            if
              return
            end
            local.get $$17
            local.get $%26
            i64.store offset=48
            local.get $$17
            i32.const 1
            i32.store8 offset=65
            local.get $$17
            local.get $%13
            i64.store offset=56
            local.get $$17
            i32.const 1
            i32.store8 offset=66
          end
        end
        local.get $i
        i32.const 1
        i32.add
        local.set $i
        local.get $i
        global.set $row
        global.get $kept_top
        global.set $heap_top
        br 0
      end
    end
  )
  (func $step (export "step") (param $rows i32) (result i32)
    global.get $trap
    if
      i32.const 0
      global.get $trap
      i32.sub
      return
    end
    call $open
    global.get $trap
    if
      i32.const 0
      global.get $trap
      i32.sub
      return
    end
    global.get $row
    local.get $rows
    global.get $rows
    global.get $row
    i32.sub
    local.get $rows
    global.get $rows
    global.get $row
    i32.sub
    i32.lt_u
    select
    i32.add
    call $work
    global.get $trap
    if
      i32.const 0
      global.get $trap
      i32.sub
      return
    end
    global.get $rows
    global.get $row
    i32.sub
    return
  )
  (func $output (export "output") (result i32)
    (local $%1 i32)
    (local $%2 i32)
    global.get $trap
    local.set $%1
    local.get $%1
    i32.const 1
    i32.eq
    if
      i32.const 0
      return
    end
    i32.const 0
    global.set $trap
    call $open
    global.get $trap
    if
      i32.const 0
      return
    end
    global.get $kept_top
    global.set $heap_top
    i32.const 7
    call $begin_table
    global.get $trap
    if
      i32.const 0
      return
    end
    i32.const 0
    i32.const 12
    i32.const 8
    i32.const 8
    i32.const 64
    i32.const 72
    call $write_column
    global.get $trap
    if
      i32.const 0
      return
    end
    i32.const 1
    i32.const 5
    i32.const 8
    i32.const 16
    i32.const 0
    i32.const 72
    call $write_column
    global.get $trap
    if
      i32.const 0
      return
    end
    i32.const 2
    i32.const 9
    i32.const 8
    i32.const 24
    i32.const 0
    i32.const 72
    call $write_column
    global.get $trap
    if
      i32.const 0
      return
    end
    i32.const 3
    i32.const 5
    i32.const 8
    i32.const 32
    i32.const 0
    i32.const 72
    call $write_column
    global.get $trap
    if
      i32.const 0
      return
    end
    i32.const 4
    i32.const 5
    i32.const 8
    i32.const 40
    i32.const 0
    i32.const 72
    call $write_column
    global.get $trap
    if
      i32.const 0
      return
    end
    i32.const 5
    i32.const 12
    i32.const 8
    i32.const 48
    i32.const 65
    i32.const 72
    call $write_column
    global.get $trap
    if
      i32.const 0
      return
    end
    i32.const 6
    i32.const 5
    i32.const 8
    i32.const 56
    i32.const 66
    i32.const 72
    call $write_column
    global.get $trap
    if
      i32.const 0
      return
    end
    i32.const 7
    call $end_table
    local.set $%2
    i32.const 0
    global.set $walk_order
    local.get $%1
    global.set $trap
    local.get $%2
    return
  )
  (func $output_bytes (export "output_bytes") (result i32)
    global.get $table_bytes
    return
  )
  (func $receive (param $size i32) (result i32)
    (local $%1 i32)
    i32.const 0
    global.set $trap
    global.get $heap_base
    global.set $heap_top
    i32.const 0
    global.set $opened
    i32.const 0
    global.set $rows
    i32.const 0
    global.set $row
    i32.const 0
    global.set $text_next
    i32.const 0
    global.set $text_end
    i32.const 0
    global.set $record_count
    i32.const 0
    global.set $record_next
    i32.const 0
    global.set $record_end
    i32.const 0
    global.set $first_segment
    i32.const 0
    global.set $last_segment
    i32.const 0
    global.set $slots
    i32.const 0
    global.set $slot_mask
    i32.const 0
    global.set $best_rows
    i32.const 0
    global.set $best_room
    i64.const 0
    global.set $keys_made
    i32.const 0
    global.set $walk_order
    i32.const 0
    global.set $table_bytes
    local.get $size
    i32.const 64
    i32.lt_s
    local.get $size
    i32.const 1879048192
    i32.gt_s
    i32.or
    if
      i32.const 0
      return
    end
    local.get $size
    call $table_region
    local.set $%1
    global.get $trap
    if
      i32.const 0
      return
    end
    local.get $%1
    global.set $chunk
    global.get $chunk
    local.get $size
    i32.add
    global.set $chunk_end
    global.get $heap_top
    global.set $kept_top
    global.get $chunk
    return
  )
  (func $states_begin
    i32.const 0
    global.set $block_next
    i32.const 0
    global.set $block_end
    i32.const 0
    global.set $map_places
    i32.const 0
    global.set $map_mask
    i32.const 0
    global.set $map_entries
  )
  (func $open_chunk (param $columns i32)
    (local $$1 i32)
    (local $$2 i32)
    (local $$3 i32)
    i32.const 1
    global.set $opened
    global.get $chunk
    i32.load
    i32.const 1413699407
    i32.ne
    local.set $$1
    local.get $$1
    i32.eqz
    if
      global.get $chunk
      i32.load offset=4
      i32.const 1
      i32.ne
      local.set $$1
    end
    local.get $$1
    local.set $$2
    local.get $$2
    i32.eqz
    if
      global.get $chunk
      i32.load offset=8
      local.get $columns
      i32.ne
      local.set $$2
    end
    local.get $$2
    if
      i32.const 2
      global.set $trap
      return
    end
    global.get $chunk
    i32.load offset=20
    global.get $chunk_end
    global.get $chunk
    i32.sub
    i32.ne
    local.set $$3
    local.get $$3
    i32.eqz
    if
      global.get $chunk
      i32.load offset=12
      i32.const 0
      i32.lt_s
      local.set $$3
    end
    local.get $$3
    if
      i32.const 2
      global.set $trap
      return
    end
    global.get $chunk
    i32.load offset=12
    global.set $rows
    global.get $chunk
    i64.load offset=24
    global.set $first_row
  )
  (func $check_column (param $descriptor i32) (param $code i32) (param $slots_bytes i32)
    (local $$1 i32)
    local.get $descriptor
    i32.load
    local.get $code
    i32.ne
    local.set $$1
    local.get $$1
    i32.eqz
    if
      local.get $descriptor
      i32.load offset=4
      global.get $chunk_end
      global.get $chunk
      i32.sub
      i32.gt_u
      local.set $$1
    end
    local.get $$1
    if
      i32.const 2
      global.set $trap
      return
    end
    global.get $rows
    i64.extend_i32_u
    local.get $slots_bytes
    i64.extend_i32_u
    i64.mul
    global.get $chunk_end
    global.get $chunk
    i32.sub
    i64.extend_i32_u
    i64.gt_u
    if
      i32.const 2
      global.set $trap
      return
    end
  )
  (func $str_left (param $s i64) (param $count i64) (result i64)
    (local $wanted i64)
    local.get $count
    call $str_near
    local.set $wanted
    local.get $wanted
    i64.const 0
    i64.lt_s
    if
      local.get $wanted
      local.get $s
      call $str_length
      i64.add
      local.set $wanted
    end
    local.get $s
    i32.wrap_i64
    i64.extend_i32_u
    local.get $s
    local.get $wanted
    call $str_skip
    i64.extend_i32_u
    i64.const 32
    i64.shl
    i64.or
    return
  )
  (func $str_length (param $s i64) (result i64)
    (local $address i32)
    (local $bytes i32)
    (local $count i64)
    (local $i i32)
    (local $eight i64)
    local.get $s
    i32.wrap_i64
    local.set $address
    local.get $s
    i64.const 32
    i64.shr_u
    i32.wrap_i64
    local.set $bytes
    local.get $bytes
    i64.extend_i32_s
    local.set $count
    i32.const 0
    local.set $i
    block
      loop
        local.get $i
        i32.const 8
        i32.add
        local.get $bytes
        i32.le_s
        i32.eqz
        br_if 1
        local.get $address
        local.get $i
        i32.add
        i64.load
        local.set $eight
        local.get $count
        local.get $eight
        i64.const 7
        i64.shr_u
        local.get $eight
        i64.const 6
        i64.shr_u
        i64.const 72340172838076673
        i64.xor
        i64.and
        i64.const 72340172838076673
        i64.and
        i64.popcnt
        i64.sub
        local.set $count
        local.get $i
        i32.const 8
        i32.add
        local.set $i
        br 0
      end
    end
    block
      loop
        local.get $i
        local.get $bytes
        i32.lt_s
        i32.eqz
        br_if 1
        local.get $count
        local.get $address
        local.get $i
        i32.add
        i32.load8_u
        i32.const 192
        i32.and
        i32.const 128
        i32.eq
        i64.extend_i32_u
        i64.sub
        local.set $count
        local.get $i
        i32.const 1
        i32.add
        local.set $i
        br 0
      end
    end
    local.get $count
    return
  )
  (func $hash_text (param $state i64) (param $text i64) (result i64)
    (local $at i32)
    (local $left i32)
    (local $rest i64)
    local.get $text
    i32.wrap_i64
    local.set $at
    local.get $text
    i64.const 32
    i64.shr_u
    i32.wrap_i64
    local.set $left
    local.get $state
    local.get $left
    i64.extend_i32_s
    call $hash_word
    local.set $state
    block
      loop
        local.get $left
        i32.const 8
        i32.ge_s
        i32.eqz
        br_if 1
        local.get $state
        local.get $at
        i64.load
        call $hash_word
        local.set $state
        local.get $at
        i32.const 8
        i32.add
        local.set $at
        local.get $left
        i32.const 8
        i32.sub
        local.set $left
        br 0
      end
    end
    i64.const 0
    local.set $rest
    block
      loop
        local.get $left
        i32.const 0
        i32.gt_s
        i32.eqz
        br_if 1
        local.get $rest
        i64.const 8
        i64.shl
        local.get $at
        i32.load8_u
        i64.extend_i32_s
        i64.or
        local.set $rest
        local.get $at
        i32.const 1
        i32.add
        local.set $at
        local.get $left
        i32.const 1
        i32.sub
        local.set $left
        br 0
      end
    end
    local.get $state
    local.get $rest
    call $hash_word
    return
  )
  (func $str_equal (param $a i64) (param $b i64) (result i32)
    (local $bytes i32)
    (local $$1 i32)
    local.get $a
    i64.const 32
    i64.shr_u
    i32.wrap_i64
    local.set $bytes
    local.get $bytes
    local.get $b
    i64.const 32
    i64.shr_u
    i32.wrap_i64
    i32.eq
    local.set $$1
    local.get $$1
    if
      local.get $a
      i32.wrap_i64
      local.get $b
      i32.wrap_i64
      local.get $bytes
      call $memory_equal
      local.set $$1
    end
    local.get $$1
    return
  )
  (func $record_insert (param $slot i32) (param $hash i32) (param $stride i32) (result i32)
    (local $%1 i32)
    (local $record i32)
    global.get $record_count
    i32.const 2
    i32.mul
    global.get $slot_mask
    i32.ge_s
    if
      local.get $stride
      call $grow_slots
      global.get $trap
      if
        i32.const 0
        return
      end
      local.get $hash
      global.get $slot_mask
      i32.and
      local.set $slot
      block
        loop
          global.get $slots
          local.get $slot
          i32.const 4
          i32.mul
          i32.add
          i32.load
          i32.const 0
          i32.ne
          i32.eqz
          br_if 1
          local.get $slot
          i32.const 1
          i32.add
          global.get $slot_mask
          i32.and
          local.set $slot
          br 0
        end
      end
    end
    local.get $stride
    call $record_append
    local.set $%1
    global.get $trap
    if
      i32.const 0
      return
    end
    local.get $%1
    local.set $record
    local.get $record
    local.get $hash
    i32.store
    global.get $slots
    local.get $slot
    i32.const 4
    i32.mul
    i32.add
    local.get $record
    i32.store
    local.get $record
    return
  )
  (func $keep_text (param $text i64) (result i64)
    (local $size i32)
    (local $%1 i32)
    (local $address i32)
    local.get $text
    i64.const 32
    i64.shr_u
    i32.wrap_i64
    local.set $size
    local.get $text
    i32.wrap_i64
    global.get $chunk_end
    i32.lt_s
    local.get $size
    i32.const 0
    i32.eq
    i32.or
    if
      local.get $text
      return
    end
    local.get $size
    call $text_room
    local.set $%1
    global.get $trap
    if
      i64.const 0
      return
    end
    local.get $%1
    local.set $address
    local.get $address
    local.get $text
    i32.wrap_i64
    local.get $size
    memory.copy
    local.get $address
    i64.extend_i32_u
    local.get $size
    i64.extend_i32_u
    i64.const 32
    i64.shl
    i64.or
    return
  )
  (func $best_text (param $before i64) (param $text i64) (result i64)
    (local $size i32)
    (local $place i32)
    (local $$1 i32)
    (local $%2 i32)
    (local $%3 i32)
    local.get $text
    i64.const 32
    i64.shr_u
    i32.wrap_i64
    local.set $size
    local.get $before
    i32.wrap_i64
    local.set $place
    local.get $place
    global.get $chunk_end
    i32.lt_s
    if
      local.get $size
      i32.const 0
      i32.eq
      local.set $$1
      local.get $$1
      i32.eqz
      if
        local.get $text
        i32.wrap_i64
        global.get $chunk_end
        i32.lt_s
        local.set $$1
      end
      local.get $$1
      if
        local.get $text
        i32.const 0
        i64.extend_i32_u
        i32.const 0
        i64.extend_i32_u
        i64.const 32
        i64.shl
        i64.or
        local.get $size
        i32.const 0
        i32.ne
        select
        return
      end
      local.get $size
      call $best_room
      local.set $%2
      global.get $trap
      if
        i64.const 0
        return
      end
      local.get $%2
      local.set $place
    else
      local.get $size
      local.get $place
      i32.const 8
      i32.sub
      i32.load
      i32.gt_s
      if
        local.get $size
        call $best_room
        local.set $%3
        global.get $trap
        if
          i64.const 0
          return
        end
        local.get $%3
        local.set $place
      end
    end
    local.get $place
    local.get $text
    i32.wrap_i64
    local.get $size
    memory.copy
    local.get $place
    i64.extend_i32_u
    local.get $size
    i64.extend_i32_u
    i64.const 32
    i64.shl
    i64.or
    return
  )
  (func $begin_table (param $columns i32)
    (local $%1 i32)
    i32.const 64
    i32.const 16
    local.get $columns
    i32.mul
    i32.add
    call $table_region
    local.set $%1
    global.get $trap
    if
      return
    end
    local.get $%1
    global.set $table
  )
  (func $write_column (param $index i32) (param $code i32) (param $width i32) (param $field i32) (param $valid i32) (param $stride i32)
    (local $descriptor i32)
    global.get $table
    i32.const 64
    i32.add
    i32.const 16
    local.get $index
    i32.mul
    i32.add
    local.set $descriptor
    local.get $descriptor
    local.get $code
    i32.store
    local.get $descriptor
    i32.const 0
    i32.store offset=8
    local.get $descriptor
    i32.const 0
    i32.store offset=12
    local.get $code
    i32.const 12
    i32.eq
    local.get $code
    i32.const 13
    i32.eq
    i32.or
    if
      local.get $descriptor
      local.get $field
      local.get $stride
      call $write_offsets
      global.get $trap
      if
        return
      end
    else
      local.get $descriptor
      local.get $code
      local.get $width
      local.get $field
      local.get $stride
      call $write_values
      global.get $trap
      if
        return
      end
    end
    local.get $valid
    i32.const 0
    i32.ne
    if
      local.get $descriptor
      local.get $valid
      local.get $stride
      call $write_validity
      global.get $trap
      if
        return
      end
    end
    local.get $code
    i32.const 12
    i32.eq
    local.get $code
    i32.const 13
    i32.eq
    i32.or
    if
      local.get $descriptor
      local.get $field
      local.get $stride
      call $write_text
      global.get $trap
      if
        return
      end
    end
  )
  (func $end_table (param $columns i32) (result i32)
    global.get $heap_top
    global.get $table
    i32.sub
    global.set $table_bytes
    global.get $table
    i32.const 0
    i32.const 64
    memory.fill
    global.get $table
    i32.const 1413699407
    i32.store
    global.get $table
    i32.const 1
    i32.store offset=4
    global.get $table
    local.get $columns
    i32.store offset=8
    global.get $table
    global.get $record_count
    i32.store offset=12
    global.get $table
    global.get $row
    i32.store offset=16
    global.get $table
    global.get $table_bytes
    i32.store offset=20
    global.get $table
    global.get $first_row
    i64.store offset=24
    global.get $table
    return
  )
  (func $table_region (param $size i32) (result i32)
    (local $padded i32)
    (local $%1 i32)
    (local $address i32)
    global.get $heap_top
    i32.const 63
    i32.add
    i32.const -64
    i32.and
    global.set $heap_top
    local.get $size
    i32.const 63
    i32.add
    i32.const -64
    i32.and
    local.set $padded
    local.get $padded
    call $alloc
    local.set $%1
    global.get $trap
    if
      i32.const 0
      return
    end
    local.get $%1
    local.set $address
    local.get $address
    local.get $size
    i32.add
    i32.const 0
    local.get $padded
    local.get $size
    i32.sub
    memory.fill
    local.get $address
    return
  )
  (func $str_near (param $n i64) (result i64)
    (local $%1 i64)
    i64.const 8589934592
    local.get $n
    i64.const 8589934592
    local.get $n
    i64.lt_s
    select
    local.set $%1
    i64.const -8589934592
    local.get $%1
    i64.const -8589934592
    local.get $%1
    i64.gt_s
    select
    return
  )
  (func $str_skip (param $s i64) (param $characters i64) (result i32)
    (local $address i32)
    (local $bytes i32)
    (local $i i32)
    local.get $s
    i32.wrap_i64
    local.set $address
    local.get $s
    i64.const 32
    i64.shr_u
    i32.wrap_i64
    local.set $bytes
    i32.const 0
    local.set $i
    block
      loop
        local.get $characters
        i64.const 0
        i64.gt_s
        local.get $i
        local.get $bytes
        i32.lt_s
        i32.and
        i32.eqz
        br_if 1
        local.get $i
        local.get $address
        local.get $i
        i32.add
        call $str_width
        i32.add
        local.set $i
        local.get $characters
        i64.const 1
        i64.sub
        local.set $characters
        br 0
      end
    end
    local.get $i
    return
  )
  (func $hash_word (param $state i64) (param $word i64) (result i64)
    (local $mixed i64)
    local.get $state
    i64.const 5
    i64.rotl
    local.get $word
    i64.xor
    i64.const -7046029254386353131
    i64.mul
    local.set $mixed
    local.get $mixed
    local.get $mixed
    i64.const 32
    i64.shr_u
    i64.xor
    return
  )
  (func $memory_equal (param $a i32) (param $b i32) (param $bytes i32) (result i32)
    (local $i i32)
    i32.const 0
    local.set $i
    block
      loop
        local.get $i
        i32.const 8
        i32.add
        local.get $bytes
        i32.le_s
        i32.eqz
        br_if 1
        local.get $a
        local.get $i
        i32.add
        i64.load
        local.get $b
        local.get $i
        i32.add
        i64.load
        i64.ne
        if
          i32.const 0
          return
        end
        local.get $i
        i32.const 8
        i32.add
        local.set $i
        br 0
      end
    end
    block
      loop
        local.get $i
        local.get $bytes
        i32.lt_s
        i32.eqz
        br_if 1
        local.get $a
        local.get $i
        i32.add
        i32.load8_u
        local.get $b
        local.get $i
        i32.add
        i32.load8_u
        i32.ne
        if
          i32.const 0
          return
        end
        local.get $i
        i32.const 1
        i32.add
        local.set $i
        br 0
      end
    end
    i32.const 1
    return
  )
  (func $grow_slots (param $stride i32)
    (local $%1 i32)
    (local $count i32)
    (local $%2 i32)
    (local $record i32)
    (local $$3 i32)
    (local $%4 i32)
    (local $_ i32)
    (local $slot i32)
    global.get $slot_mask
    i32.const 1
    i32.add
    i32.const 2
    i32.mul
    local.set $%1
    i32.const 128
    local.get $%1
    i32.const 128
    local.get $%1
    i32.gt_s
    select
    local.set $count
    local.get $count
    i32.const 4
    i32.mul
    call $keep
    local.set $%2
    global.get $trap
    if
      return
    end
    local.get $%2
    global.set $slots
    local.get $count
    i32.const 1
    i32.sub
    global.set $slot_mask
    global.get $slots
    i32.const 0
    local.get $count
    i32.const 4
    i32.mul
    memory.fill
    call $first_record
    local.set $record
    i32.const 0
    local.set $$3
    global.get $record_count
    local.set $%4
    block
      loop
        local.get $$3
        local.get $%4
        i32.lt_s
        i32.eqz
        br_if 1
        local.get $$3
        local.set $_
        local.get $record
        i32.load
        global.get $slot_mask
        i32.and
        local.set $slot
        block
          loop
            global.get $slots
            local.get $slot
            i32.const 4
            i32.mul
            i32.add
            i32.load
            i32.const 0
            i32.ne
            i32.eqz
            br_if 1
            local.get $slot
            i32.const 1
            i32.add
            global.get $slot_mask
            i32.and
            local.set $slot
            br 0
          end
        end
        global.get $slots
        local.get $slot
        i32.const 4
        i32.mul
        i32.add
        local.get $record
        i32.store
        local.get $record
        local.get $stride
        call $record_after
        local.set $record
        local.get $$3
        i32.const 1
        i32.add
        local.set $$3
        br 0
      end
    end
  )
  (func $record_append (param $stride i32) (result i32)
    (local $%1 i32)
    (local $%2 i32)
    (local $size i32)
    (local $%3 i32)
    (local $segment i32)
    (local $record i32)
    global.get $record_next
    global.get $record_end
    i32.eq
    if
      global.get $record_count
      local.set $%1
      i32.const 64
      local.get $%1
      i32.const 64
      local.get $%1
      i32.gt_s
      select
      local.set $%2
      i32.const 16384
      local.get $%2
      i32.const 16384
      local.get $%2
      i32.lt_s
      select
      local.get $stride
      i32.mul
      local.set $size
      local.get $size
      i32.const 8
      i32.add
      call $keep
      local.set $%3
      global.get $trap
      if
        i32.const 0
        return
      end
      local.get $%3
      local.set $segment
      local.get $segment
      i32.const 0
      i32.store
      local.get $segment
      local.get $segment
      i32.const 8
      i32.add
      local.get $size
      i32.add
      i32.store offset=4
      global.get $last_segment
      i32.const 0
      i32.eq
      if
        local.get $segment
        global.set $first_segment
      else
        global.get $last_segment
        local.get $segment
        i32.store
      end
      local.get $segment
      global.set $last_segment
      local.get $segment
      i32.const 8
      i32.add
      global.set $record_next
      global.get $record_next
      local.get $size
      i32.add
      global.set $record_end
    end
    global.get $record_next
    local.set $record
    local.get $record
    i32.const 0
    local.get $stride
    memory.fill
    local.get $record
    local.get $stride
    i32.add
    global.set $record_next
    global.get $record_count
    i32.const 1
    i32.add
    global.set $record_count
    local.get $record
    return
  )
  (func $text_room (param $size i32) (result i32)
    (local $%1 i32)
    (local $%2 i32)
    (local $block i32)
    (local $%3 i32)
    (local $address i32)
    local.get $size
    global.get $text_end
    global.get $text_next
    i32.sub
    i32.gt_s
    if
      local.get $size
      i32.const 65536
      local.get $size
      i32.const 65536
      i32.gt_s
      select
      local.set $%1
      global.get $heap_top
      global.get $kept_top
      i32.sub
      local.set $%2
      local.get $%2
      local.get $%1
      local.get $%2
      local.get $%1
      i32.gt_s
      select
      local.set $block
      local.get $block
      call $keep
      local.set $%3
      global.get $trap
      if
        i32.const 0
        return
      end
      local.get $%3
      global.set $text_next
      global.get $text_next
      local.get $block
      i32.add
      global.set $text_end
    end
    global.get $text_next
    local.set $address
    local.get $address
    local.get $size
    i32.add
    global.set $text_next
    local.get $address
    return
  )
  (func $best_room (param $size i32) (result i32)
    (local $%1 i32)
    (local $room i32)
    (local $%2 i32)
    (local $block i32)
    local.get $size
    i32.const 805306368
    i32.gt_s
    if
      i32.const 1
      global.set $trap
      i32.const 0
      return
    end
    local.get $size
    i32.const 2
    i32.mul
    local.set $%1
    i32.const 24
    local.get $%1
    i32.const 24
    local.get $%1
    i32.gt_s
    select
    i32.const 7
    i32.add
    i32.const -8
    i32.and
    local.set $room
    local.get $room
    i32.const 8
    i32.add
    call $block_of
    local.set $%2
    global.get $trap
    if
      i32.const 0
      return
    end
    local.get $%2
    local.set $block
    local.get $block
    local.get $room
    i32.store
    local.get $block
    i32.const 8
    i32.add
    return
  )
  (func $write_offsets (param $descriptor i32) (param $field i32) (param $stride i32)
    (local $%1 i32)
    (local $at i32)
    (local $total i32)
    (local $record i32)
    (local $$2 i32)
    (local $%3 i32)
    (local $_ i32)
    (local $size i32)
    global.get $record_count
    i32.const 4
    i32.mul
    i32.const 4
    i32.add
    call $table_region
    local.set $%1
    global.get $trap
    if
      return
    end
    local.get $%1
    local.set $at
    local.get $descriptor
    local.get $at
    global.get $table
    i32.sub
    i32.store offset=4
    i32.const 0
    local.set $total
    call $first_record
    local.set $record
    i32.const 0
    local.set $$2
    global.get $record_count
    local.set $%3
    block
      loop
        local.get $$2
        local.get $%3
        i32.lt_s
        i32.eqz
        br_if 1
        local.get $$2
        local.set $_
        local.get $at
        local.get $total
        i32.store
        local.get $record
        local.get $field
        i32.add
        i64.load
        i64.const 32
        i64.shr_u
        i32.wrap_i64
        local.set $size
        local.get $size
        i32.const 1879048192
        local.get $total
        i32.sub
        i32.gt_s
        if
          i32.const 1
          global.set $trap
          return
        end
        local.get $total
        local.get $size
        i32.add
        local.set $total
        local.get $at
        i32.const 4
        i32.add
        local.set $at
        local.get $record
        local.get $stride
        call $record_after
        local.set $record
        local.get $$2
        i32.const 1
        i32.add
        local.set $$2
        br 0
      end
    end
    local.get $at
    local.get $total
    i32.store
  )
  (func $write_values (param $descriptor i32) (param $code i32) (param $width i32) (param $field i32) (param $stride i32)
    (local $%1 i32)
    (local $at i32)
    (local $record i32)
    (local $$2 i32)
    (local $%3 i32)
    (local $_ i32)
    (local $value i32)
    global.get $record_count
    local.get $width
    i32.mul
    call $table_region
    local.set $%1
    global.get $trap
    if
      return
    end
    local.get $%1
    local.set $at
    local.get $descriptor
    local.get $at
    global.get $table
    i32.sub
    i32.store offset=4
    call $first_record
    local.set $record
    i32.const 0
    local.set $$2
    global.get $record_count
    local.set $%3
    block
      loop
        local.get $$2
        local.get $%3
        i32.lt_s
        i32.eqz
        br_if 1
        local.get $$2
        local.set $_
        local.get $record
        local.get $field
        i32.add
        local.set $value
        local.get $code
        i32.const 11
        i32.eq
        if
          local.get $at
          local.get $value
          f64.load
          call $store_canonical_f64
        else
          local.get $code
          i32.const 10
          i32.eq
          if
            local.get $at
            local.get $value
            f32.load
            call $store_canonical_f32
          else
            local.get $width
            i32.const 8
            i32.eq
            if
              local.get $at
              local.get $value
              i64.load
              i64.store
            else
              local.get $width
              i32.const 4
              i32.eq
              if
                local.get $at
                local.get $value
                i32.load
                i32.store
              else
                local.get $width
                i32.const 2
                i32.eq
                if
                  local.get $at
                  local.get $value
                  i32.load16_u
                  i32.store16
                else
                  local.get $at
                  local.get $value
                  i32.load8_u
                  i32.store8
                end
              end
            end
          end
        end
        local.get $at
        local.get $width
        i32.add
        local.set $at
        local.get $record
        local.get $stride
        call $record_after
        local.set $record
        local.get $$2
        i32.const 1
        i32.add
        local.set $$2
        br 0
      end
    end
  )
  (func $write_validity (param $descriptor i32) (param $field i32) (param $stride i32)
    (local $valid i32)
    (local $record i32)
    (local $$1 i32)
    (local $%2 i32)
    (local $_ i32)
    (local $%3 i32)
    (local $at i32)
    (local $$4 i32)
    (local $%5 i32)
    i32.const 0
    local.set $valid
    call $first_record
    local.set $record
    i32.const 0
    local.set $$1
    global.get $record_count
    local.set $%2
    block
      loop
        local.get $$1
        local.get $%2
        i32.lt_s
        i32.eqz
        br_if 1
        local.get $$1
        local.set $_
        local.get $valid
        local.get $record
        local.get $field
        i32.add
        i32.load8_u
        i32.add
        local.set $valid
        local.get $record
        local.get $stride
        call $record_after
        local.set $record
        local.get $$1
        i32.const 1
        i32.add
        local.set $$1
        br 0
      end
    end
    local.get $valid
    global.get $record_count
    i32.eq
    if
      return
    end
    global.get $record_count
    call $table_region
    local.set $%3
    global.get $trap
    if
      return
    end
    local.get $%3
    local.set $at
    local.get $descriptor
    local.get $at
    global.get $table
    i32.sub
    i32.store offset=8
    call $first_record
    local.set $record
    i32.const 0
    local.set $$4
    global.get $record_count
    local.set $%5
    block
      loop
        local.get $$4
        local.get $%5
        i32.lt_s
        i32.eqz
        br_if 1
        local.get $$4
        local.set $_
        local.get $at
        local.get $record
        local.get $field
        i32.add
        i32.load8_u
        i32.store8
        local.get $at
        i32.const 1
        i32.add
        local.set $at
        local.get $record
        local.get $stride
        call $record_after
        local.set $record
        local.get $$4
        i32.const 1
        i32.add
        local.set $$4
        br 0
      end
    end
  )
  (func $write_text (param $descriptor i32) (param $field i32) (param $stride i32)
    (local $total i32)
    (local $%1 i32)
    (local $at i32)
    (local $record i32)
    (local $$2 i32)
    (local $%3 i32)
    (local $_ i32)
    (local $text i64)
    global.get $table
    local.get $descriptor
    i32.load offset=4
    i32.add
    global.get $record_count
    i32.const 4
    i32.mul
    i32.add
    i32.load
    local.set $total
    local.get $total
    call $table_region
    local.set $%1
    global.get $trap
    if
      return
    end
    local.get $%1
    local.set $at
    local.get $descriptor
    local.get $at
    global.get $table
    i32.sub
    i32.store offset=12
    call $first_record
    local.set $record
    i32.const 0
    local.set $$2
    global.get $record_count
    local.set $%3
    block
      loop
        local.get $$2
        local.get $%3
        i32.lt_s
        i32.eqz
        br_if 1
        local.get $$2
        local.set $_
        local.get $record
        local.get $field
        i32.add
        i64.load
        local.set $text
        local.get $at
        local.get $text
        i32.wrap_i64
        local.get $text
        i64.const 32
        i64.shr_u
        i32.wrap_i64
        memory.copy
        local.get $at
        local.get $text
        i64.const 32
        i64.shr_u
        i32.wrap_i64
        i32.add
        local.set $at
        local.get $record
        local.get $stride
        call $record_after
        local.set $record
        local.get $$2
        i32.const 1
        i32.add
        local.set $$2
        br 0
      end
    end
  )
  (func $alloc (param $bytes i32) (result i32)
    (local $address i32)
    (local $top i32)
    local.get $bytes
    i32.const 0
    i32.lt_s
    if
      i32.const 1
      global.set $trap
      i32.const 0
      return
    end
    global.get $heap_top
    local.set $address
    local.get $address
    local.get $bytes
    i32.const 7
    i32.add
    i32.const -8
    i32.and
    i32.add
    local.set $top
    local.get $top
    call $reserve
    global.get $trap
    if
      i32.const 0
      return
    end
    local.get $top
    global.set $heap_top
    local.get $address
    return
  )
  (func $str_width (param $address i32) (result i32)
    (local $lead i32)
    local.get $address
    i32.load8_u
    local.set $lead
    local.get $lead
    i32.const 128
    i32.lt_s
    if
      i32.const 1
      return
    end
    i32.const 2
    i32.const 3
    i32.const 4
    local.get $lead
    i32.const 240
    i32.lt_s
    select
    local.get $lead
    i32.const 224
    i32.lt_s
    select
    return
  )
  (func $keep (param $size i32) (result i32)
    (local $%1 i32)
    (local $address i32)
    local.get $size
    call $table_region
    local.set $%1
    global.get $trap
    if
      i32.const 0
      return
    end
    local.get $%1
    local.set $address
    global.get $heap_top
    global.set $kept_top
    local.get $address
    return
  )
  (func $first_record (result i32)
    global.get $walk_order
    i32.const 0
    i32.ne
    if
      global.get $walk_order
      global.set $walk_at
      global.get $walk_order
      i32.load
      return
    end
    global.get $first_segment
    global.set $walk_segment
    global.get $walk_segment
    i32.const 0
    i32.eq
    if
      i32.const 0
      return
    end
    global.get $walk_segment
    i32.load offset=4
    global.set $walk_end
    global.get $walk_segment
    i32.const 8
    i32.add
    return
  )
  (func $record_after (param $record i32) (param $stride i32) (result i32)
    (local $following i32)
    global.get $walk_order
    i32.const 0
    i32.ne
    if
      global.get $walk_at
      i32.const 4
      i32.add
      global.set $walk_at
      global.get $walk_at
      i32.load
      return
    end
    local.get $record
    local.get $stride
    i32.add
    local.set $following
    local.get $following
    global.get $walk_end
    i32.ne
    if
      local.get $following
      return
    end
    global.get $walk_segment
    i32.load
    global.set $walk_segment
    global.get $walk_segment
    i32.const 0
    i32.eq
    if
      i32.const 0
      return
    end
    global.get $walk_segment
    i32.load offset=4
    global.set $walk_end
    global.get $walk_segment
    i32.const 8
    i32.add
    return
  )
  (func $block_of (param $size i32) (result i32)
    (local $%1 i32)
    (local $%2 i32)
    (local $piece i32)
    (local $%3 i32)
    (local $block i32)
    local.get $size
    i32.const 7
    i32.add
    i32.const -8
    i32.and
    local.set $size
    local.get $size
    global.get $block_end
    global.get $block_next
    i32.sub
    i32.gt_s
    if
      local.get $size
      i32.const 65536
      local.get $size
      i32.const 65536
      i32.gt_s
      select
      local.set $%1
      global.get $heap_top
      global.get $kept_top
      i32.sub
      local.set $%2
      local.get $%2
      local.get $%1
      local.get $%2
      local.get $%1
      i32.gt_s
      select
      local.set $piece
      local.get $piece
      call $keep
      local.set $%3
      global.get $trap
      if
        i32.const 0
        return
      end
      local.get $%3
      global.set $block_next
      global.get $block_next
      local.get $piece
      i32.add
      global.set $block_end
    end
    global.get $block_next
    local.set $block
    local.get $block
    local.get $size
    i32.add
    global.set $block_next
    local.get $block
    i32.const 0
    local.get $size
    memory.fill
    local.get $block
    return
  )
  (func $store_canonical_f64 (param $at i32) (param $value f64)
    local.get $value
    local.get $value
    f64.eq
    if
      local.get $at
      local.get $value
      f64.store
    else
      local.get $at
      i64.const 9221120237041090560
      i64.store
    end
  )
  (func $store_canonical_f32 (param $at i32) (param $value f32)
    local.get $value
    local.get $value
    f32.eq
    if
      local.get $at
      local.get $value
      f32.store
    else
      local.get $at
      i32.const 2143289344
      i32.store
    end
  )
  (func $reserve (param $top i32)
    (local $have i32)
    (local $need i32)
    (local $%1 i32)
    local.get $top
    i32.const 2147483640
    i32.gt_u
    if
      i32.const 1
      global.set $trap
      return
    end
    memory.size
    local.set $have
    local.get $top
    i32.const 65536
    i32.add
    i32.const 1
    i32.sub
    i32.const 16
    i32.shr_u
    local.get $have
    i32.sub
    local.set $need
    local.get $need
    i32.const 0
    i32.gt_s
    if
      local.get $have
      i32.const 2
      i32.shr_s
      local.set $%1
      local.get $%1
      local.get $need
      local.get $%1
      local.get $need
      i32.gt_s
      select
      memory.grow
      i32.const -1
      i32.eq
      if
        local.get $need
        memory.grow
        i32.const -1
        i32.eq
        if
          i32.const 1
          global.set $trap
          return
        end
      end
    end
  )
)
