(module
  (memory (export "memory") 1 1024)
  (global $trap (mut i32) (i32.const 0))
  (global $heap_base (mut i32) (i32.const 128))
  (global $opened (mut i32) (i32.const 0))
  (global $chunk (mut i32) (i32.const 0))
  (global $kept_top (mut i32) (i32.const 0))
  (global $row (mut i32) (i32.const 0))
  (global $slot_mask (mut i32) (i32.const 0))
  (global $slots (mut i32) (i32.const 0))
  (global $heap_top (mut i32) (i32.const 0))
  (global $rows (mut i32) (i32.const 0))
  (global $record_count (mut i32) (i32.const 0))
  (global $walk_order (mut i32) (i32.const 0))
  (global $table_bytes (mut i32) (i32.const 0))
  (global $text_next (mut i32) (i32.const 0))
  (global $text_end (mut i32) (i32.const 0))
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
  (global $walk_segment (mut i32) (i32.const 0))
  (global $walk_at (mut i32) (i32.const 0))
  (global $walk_end (mut i32) (i32.const 0))
  (global $table (mut i32) (i32.const 0))
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
    i32.const 11
    i32.const 8
    call $check_column
    global.get $trap
    if
      return
    end
  )
  (func $work (param $stop i32)
    (local $i i32)
    (local $%1_k_values i32)
    (local $%2_k_bytes i32)
    (local $%3 i32)
    (local $%4_k_mask i32)
    (local $%5_k_validity i32)
    (local $%6_x_values i32)
    (local $%7 i32)
    (local $%8_x_mask i32)
    (local $%9_x_validity i32)
    (local $%10_k_valid i32)
    (local $%11 i32)
    (local $%12 i32)
    (local $%13_k i64)
    (local $%14_x_valid i32)
    (local $%15_x f64)
    (local $%16 f64)
    (local $%17 i32)
    (local $%18 i32)
    (local $%19 i64)
    (local $%20 i64)
    (local $%21 i64)
    (local $%22 i32)
    (local $$23 i32)
    (local $$24 i32)
    (local $%25 i64)
    (local $%26 i32)
    (local $%27 i64)
    (local $%28 i32)
    (local $%29 i32)
    (local $%30 i64)
    (local $%31 i32)
    (local $%32 i32)
    (local $%33 i64)
    (local $%34 i32)
    (local $%35 i64)
    global.get $kept_top
    global.set $heap_top
    global.get $row
    local.set $i
    global.get $chunk
    global.get $chunk
    i32.load offset=68
    i32.add
    local.set $%1_k_values
    global.get $chunk
    global.get $chunk
    i32.load offset=76
    i32.add
    local.set $%2_k_bytes
    global.get $chunk
    i32.load offset=72
    local.set $%3
    i32.const -1
    i32.const 0
    local.get $%3
    select
    local.set $%4_k_mask
    global.get $chunk
    local.get $%3
    i32.const 4
    local.get $%3
    select
    i32.add
    local.set $%5_k_validity
    global.get $chunk
    global.get $chunk
    i32.load offset=84
    i32.add
    local.set $%6_x_values
    global.get $chunk
    i32.load offset=88
    local.set $%7
    i32.const -1
    i32.const 0
    local.get $%7
    select
    local.set $%8_x_mask
    global.get $chunk
    local.get $%7
    i32.const 4
    local.get $%7
    select
    i32.add
    local.set $%9_x_validity
    block
      loop
        local.get $i
        local.get $stop
        i32.lt_u
        i32.eqz
        br_if 1
        local.get $%5_k_validity
        local.get $i
        local.get $%4_k_mask
        i32.and
        i32.add
        i32.load8_u
        local.set $%10_k_valid
        local.get $%1_k_values
        local.get $i
        i32.const 2
        i32.shl
        i32.add
        local.set $%11
        local.get $%11
        i32.load
        local.set $%12
        local.get $%2_k_bytes
        local.get $%12
        i32.add
        i64.extend_i32_u
        local.get $%11
        i32.load offset=4
        local.get $%12
        i32.sub
        i64.extend_i32_u
        i64.const 32
        i64.shl
        i64.or
        local.set $%13_k
        local.get $%9_x_validity
        local.get $i
        local.get $%8_x_mask
        i32.and
        i32.add
        i32.load8_u
        local.set $%14_x_valid
        local.get $%6_x_values
        local.get $i
        i32.const 3
        i32.shl
        i32.add
        f64.load
        local.set $%15_x
        local.get $%15_x
        f64.const 2.0
        f64.div
        local.set $%16
        local.get $%16
        f64.const 0.0
        f64.le
        i32.eqz
        local.set $%17
        local.get $%14_x_valid
        local.get $%17
        i32.and
        local.set $%18
        local.get $%13_k
        i64.const 4294967360
        call $str_concat
        local.set $%19
        global.get $trap
        if
          return
        end
        local.get $%13_k
        i64.const 4294967361
        call $str_concat
        local.set $%20
        global.get $trap
        if
          return
        end
        local.get $%13_k
        i64.const 0
        local.get $%10_k_valid
        select
        local.set $%21
        i64.const 0
        local.get $%21
        call $hash_text
        i32.wrap_i64
        local.set $%22
        local.get $%22
        global.get $slot_mask
        i32.and
        local.set $$23
        i32.const 0
        local.set $$24
        block
          loop
            global.get $slots
            local.get $$23
            i32.const 2
            i32.shl
            i32.add
            i32.load
            local.set $$24
            local.get $$24
            i32.eqz
            if
              br 2
            end
            local.get $$24
            i32.load
            local.get $%22
            i32.eq
            if
              local.get $$24
              i32.load8_u offset=98
              local.get $%10_k_valid
              i32.eq
              if
                local.get $$24
                i64.load offset=40
                local.set $%25
                local.get $%25
                local.get $%21
                call $str_equal
                if
                  br 4
                end
              end
            end
            local.get $$23
            i32.const 1
            i32.add
            global.get $slot_mask
            i32.and
            local.set $$23
            br 0
          end
        end
        local.get $$24
        i32.eqz
        if
          local.get $$23
          local.get $%22
          i32.const 104
          call $record_insert
          local.set $%26
          global.get $trap
          if
            return
          end
          local.get $%26
          local.set $$24
          local.get $%21
          i64.const 0
          local.get $%10_k_valid
          select
          call $keep_text
          local.set $%27
          global.get $trap
          if
            return
          end
          local.get $$24
          local.get $%27
          i64.store offset=40
          local.get $$24
          local.get $%10_k_valid
          i32.store8 offset=98
        end
        local.get $%18
        local.get $%14_x_valid
        i32.and
        if
          local.get $$24
          i32.const 8
          i32.add
          i64.const 9221120237041090560
          local.get $%15_x
          f64.const 0.0
          f64.add
          i64.reinterpret_f64
          local.get $%15_x
          local.get $%15_x
          f64.ne
          select
          call $map_word
          local.set $%28
          global.get $trap
          if
            return
          end
        end
        local.get $%14_x_valid
        if
          local.get $%15_x
          call $exact_special
          local.set $%29
          local.get $%29
          if
            local.get $$24
            local.get $$24
            i32.load8_u offset=96
            local.get $%29
            i32.or
            i32.store8 offset=96
          end
          local.get $%29
          i32.eqz
          if
            local.get $%15_x
            call $exact_fraction
            local.set $%30
            local.get $%15_x
            call $exact_shift
            local.set $%31
            local.get $%15_x
            i64.reinterpret_f64
            i64.const 63
            i64.shr_u
            i32.wrap_i64
            local.set $%32
            local.get $$24
            i32.const 16
            i32.add
            local.get $%30
            local.get $%31
            local.get $%32
            call $exact_add
            global.get $trap
            if
              return
            end
          end
          local.get $$24
          i64.load offset=64
          i64.const 1
          i64.add
          local.set $%33
          local.get $$24
          local.get $%33
          i64.store offset=64
        end
        local.get $%14_x_valid
        if
          local.get $$24
          i32.const 24
          i32.add
          local.get $%15_x
          call $ddsketch_bucket
          call $map_word
          local.set $%34
          global.get $trap
          if
            return
          end
          local.get $%34
          call $map_count
        end
        local.get $%10_k_valid
        if
          local.get $$24
          i32.const 32
          i32.add
          local.get $%19
          i64.const 4294967362
          call $text_append
          global.get $trap
          if
            return
          end
        end
        local.get $$24
        i64.load offset=88
        local.get $%20
        i64.const 0
        local.get $%10_k_valid
        select
        call $best_text
        local.set $%35
        global.get $trap
        if
          return
        end
        local.get $$24
        local.get $%35
        i64.store offset=88
        local.get $$24
        local.get $%10_k_valid
        i32.store8 offset=100
        local.get $$24
        i32.const 1
        i32.store8 offset=97
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
  (func $write_states
    (local $$1 i32)
    (local $$2 i32)
    (local $%3 i64)
    (local $%4 i64)
    (local $%5 i64)
    (local $%6 i32)
    (local $%7 i64)
    call $first_record
    local.set $$1
    global.get $record_count
    local.set $$2
    block
      loop
        local.get $$2
        i32.eqz
        br_if 1
        local.get $$1
        i32.const 8
        i32.add
        i32.const 8
        call $map_words
        local.set $%3
        global.get $trap
        if
          return
        end
        local.get $$1
        local.get $%3
        i64.store offset=48
        local.get $$1
        i32.const 16
        i32.add
        call $exact_bytes
        local.set $%4
        global.get $trap
        if
          return
        end
        local.get $$1
        local.get $%4
        i64.store offset=56
        local.get $$1
        i32.const 24
        i32.add
        i32.const 16
        call $map_words
        local.set $%5
        global.get $trap
        if
          return
        end
        local.get $$1
        local.get $%5
        i64.store offset=72
        local.get $$1
        i32.const 32
        i32.add
        i32.load
        local.set $%6
        local.get $$1
        i32.const 32
        i32.add
        call $text_of
        local.set $%7
        local.get $$1
        local.get $%7
        i64.store offset=80
        local.get $$1
        local.get $%6
        i32.const 0
        i32.ne
        i32.store8 offset=99
        local.get $$2
        i32.const 1
        i32.sub
        local.set $$2
        local.get $$1
        i32.const 104
        call $record_after
        local.set $$1
        br 0
      end
    end
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
    call $write_states
    global.get $trap
    if
      i32.const 0
      return
    end
    i32.const 9
    call $begin_table
    global.get $trap
    if
      i32.const 0
      return
    end
    i32.const 0
    i32.const 12
    i32.const 8
    i32.const 40
    i32.const 98
    i32.const 104
    call $write_column
    global.get $trap
    if
      i32.const 0
      return
    end
    i32.const 1
    i32.const 13
    i32.const 8
    i32.const 48
    i32.const 0
    i32.const 104
    call $write_column
    global.get $trap
    if
      i32.const 0
      return
    end
    i32.const 2
    i32.const 13
    i32.const 8
    i32.const 56
    i32.const 0
    i32.const 104
    call $write_column
    global.get $trap
    if
      i32.const 0
      return
    end
    i32.const 3
    i32.const 6
    i32.const 1
    i32.const 96
    i32.const 0
    i32.const 104
    call $write_column
    global.get $trap
    if
      i32.const 0
      return
    end
    i32.const 4
    i32.const 5
    i32.const 8
    i32.const 64
    i32.const 0
    i32.const 104
    call $write_column
    global.get $trap
    if
      i32.const 0
      return
    end
    i32.const 5
    i32.const 13
    i32.const 8
    i32.const 72
    i32.const 0
    i32.const 104
    call $write_column
    global.get $trap
    if
      i32.const 0
      return
    end
    i32.const 6
    i32.const 12
    i32.const 8
    i32.const 80
    i32.const 99
    i32.const 104
    call $write_column
    global.get $trap
    if
      i32.const 0
      return
    end
    i32.const 7
    i32.const 12
    i32.const 8
    i32.const 88
    i32.const 100
    i32.const 104
    call $write_column
    global.get $trap
    if
      i32.const 0
      return
    end
    i32.const 8
    i32.const 1
    i32.const 1
    i32.const 97
    i32.const 0
    i32.const 104
    call $write_column
    global.get $trap
    if
      i32.const 0
      return
    end
    i32.const 9
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
  (func $str_concat (param $a i64) (param $b i64) (result i64)
    (local $bytes_a i32)
    (local $bytes_b i32)
    (local $%1 i32)
    (local $address i32)
    local.get $a
    i64.const 32
    i64.shr_u
    i32.wrap_i64
    local.set $bytes_a
    local.get $b
    i64.const 32
    i64.shr_u
    i32.wrap_i64
    local.set $bytes_b
    local.get $bytes_b
    i32.const 0
    i32.eq
    if
      local.get $a
      return
    end
    local.get $bytes_a
    i32.const 0
    i32.eq
    if
      local.get $b
      return
    end
    local.get $bytes_a
    local.get $bytes_b
    i32.add
    call $alloc
    local.set $%1
    global.get $trap
    if
      i64.const 0
      return
    end
    local.get $%1
    local.set $address
    local.get $address
    local.get $a
    i32.wrap_i64
    local.get $bytes_a
    memory.copy
    local.get $address
    local.get $bytes_a
    i32.add
    local.get $b
    i32.wrap_i64
    local.get $bytes_b
    memory.copy
    local.get $address
    i64.extend_i32_u
    local.get $bytes_a
    local.get $bytes_b
    i32.add
    i64.extend_i32_u
    i64.const 32
    i64.shl
    i64.or
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
  (func $map_word (param $cell i32) (param $word i64) (result i32)
    (local $hash i32)
    (local $place i32)
    (local $entry i32)
    (local $$1 i32)
    (local $$2 i32)
    (local $%3 i32)
    local.get $cell
    i64.extend_i32_s
    local.get $word
    call $hash_word
    i32.wrap_i64
    local.set $hash
    local.get $hash
    global.get $map_mask
    i32.and
    local.set $place
    global.get $map_places
    local.get $place
    i32.const 4
    i32.mul
    i32.add
    i32.load
    local.set $entry
    block
      loop
        local.get $entry
        i32.const 0
        i32.ne
        i32.eqz
        br_if 1
        local.get $entry
        i32.load
        local.get $hash
        i32.eq
        local.set $$1
        local.get $$1
        if
          local.get $entry
          i32.load offset=8
          local.get $cell
          i32.eq
          local.set $$1
        end
        local.get $$1
        local.set $$2
        local.get $$2
        if
          local.get $entry
          i64.load offset=16
          local.get $word
          i64.eq
          local.set $$2
        end
        local.get $$2
        if
          local.get $entry
          return
        end
        local.get $place
        i32.const 1
        i32.add
        global.get $map_mask
        i32.and
        local.set $place
        global.get $map_places
        local.get $place
        i32.const 4
        i32.mul
        i32.add
        i32.load
        local.set $entry
        br 0
      end
    end
    local.get $cell
    local.get $hash
    call $map_insert
    local.set $%3
    global.get $trap
    if
      i32.const 0
      return
    end
    local.get $%3
    local.set $entry
    local.get $entry
    local.get $word
    i64.store offset=16
    local.get $entry
    return
  )
  (func $exact_special (param $x f64) (result i32)
    local.get $x
    local.get $x
    f64.sub
    f64.const 0.0
    f64.eq
    if
      i32.const 0
      return
    end
    local.get $x
    local.get $x
    f64.ne
    if
      i32.const 1
      return
    end
    i32.const 2
    i32.const 4
    local.get $x
    f64.const 0.0
    f64.gt
    select
    return
  )
  (func $exact_fraction (param $x f64) (result i64)
    (local $bits i64)
    (local $hidden i64)
    local.get $x
    i64.reinterpret_f64
    local.set $bits
    i64.const 4503599627370496
    i64.const 0
    local.get $bits
    i64.const 1
    i64.shl
    i64.const 53
    i64.shr_u
    i64.const 0
    i64.ne
    select
    local.set $hidden
    local.get $bits
    i64.const 4503599627370495
    i64.and
    local.get $hidden
    i64.or
    return
  )
  (func $exact_shift (param $x f64) (result i32)
    (local $%1 i32)
    local.get $x
    i64.reinterpret_f64
    i64.const 1
    i64.shl
    i64.const 53
    i64.shr_u
    i32.wrap_i64
    local.set $%1
    i32.const 1
    local.get $%1
    i32.const 1
    local.get $%1
    i32.gt_s
    select
    i32.const 1
    i32.sub
    return
  )
  (func $exact_add (param $cell i32) (param $magnitude i64) (param $shift i32) (param $negative i32)
    (local $sign i64)
    (local $%1 i32)
    (local $at i32)
    (local $bits i64)
    (local $low i64)
    i64.const 0
    local.get $negative
    i64.extend_i32_s
    i64.sub
    local.set $sign
    local.get $cell
    local.get $shift
    i32.const 5
    i32.shr_s
    i32.const 3
    call $exact_room
    local.set $%1
    global.get $trap
    if
      return
    end
    local.get $%1
    local.set $at
    local.get $shift
    i32.const 31
    i32.and
    i64.extend_i32_s
    local.set $bits
    local.get $magnitude
    local.get $bits
    i64.shl
    local.set $low
    local.get $at
    local.get $low
    i64.const 4294967295
    i64.and
    local.get $sign
    call $exact_digit
    local.get $at
    i32.const 8
    i32.add
    local.get $low
    i64.const 32
    i64.shr_u
    local.get $sign
    call $exact_digit
    local.get $at
    i32.const 16
    i32.add
    local.get $magnitude
    i64.const 1
    i64.shr_u
    i64.const 63
    local.get $bits
    i64.sub
    i64.shr_u
    local.get $sign
    call $exact_digit
  )
  (func $ddsketch_bucket (param $x f64) (result i64)
    (local $bits i64)
    (local $magnitude i64)
    local.get $x
    local.get $x
    f64.ne
    if
      i64.const 131040
      return
    end
    local.get $x
    i64.reinterpret_f64
    local.set $bits
    local.get $bits
    i64.const 9223372036854775807
    i64.and
    i64.const 46
    i64.shr_u
    local.set $magnitude
    i64.const 0
    local.get $magnitude
    i64.sub
    local.get $magnitude
    local.get $bits
    i64.const -9223372036854775808
    i64.ge_u
    select
    return
  )
  (func $map_count (param $entry i32)
    local.get $entry
    local.get $entry
    i64.load offset=24
    i64.const 1
    i64.add
    i64.store offset=24
  )
  (func $text_append (param $cell i32) (param $text i64) (param $separator i64)
    (local $block i32)
    (local $used i32)
    (local $gap i32)
    (local $more i32)
    (local $end i32)
    (local $$1 i32)
    (local $%2 i32)
    (local $room i32)
    (local $%3 i32)
    (local $larger i32)
    local.get $cell
    i32.load
    local.set $block
    i32.const 0
    local.set $used
    i32.const 0
    local.set $gap
    local.get $block
    i32.const 0
    i32.ne
    if
      local.get $block
      i32.load
      local.set $used
      local.get $separator
      i64.const 32
      i64.shr_u
      i32.wrap_i64
      local.set $gap
    end
    local.get $text
    i64.const 32
    i64.shr_u
    i32.wrap_i64
    local.set $more
    local.get $more
    i32.const 805306368
    local.get $used
    i32.sub
    i32.gt_s
    local.get $gap
    i32.const 805306368
    local.get $used
    i32.sub
    local.get $more
    i32.sub
    i32.gt_s
    i32.or
    if
      i32.const 1
      global.set $trap
      return
    end
    local.get $used
    local.get $gap
    i32.add
    local.get $more
    i32.add
    local.set $end
    local.get $block
    i32.const 0
    i32.eq
    local.set $$1
    local.get $$1
    i32.eqz
    if
      local.get $end
      local.get $block
      i32.load offset=4
      i32.gt_s
      local.set $$1
    end
    local.get $$1
    if
      local.get $end
      i32.const 2
      i32.mul
      local.set $%2
      i32.const 24
      local.get $%2
      i32.const 24
      local.get $%2
      i32.gt_s
      select
      local.set $room
      local.get $room
      i32.const 8
      i32.add
      call $block_of
      local.set $%3
      global.get $trap
      if
        return
      end
      local.get $%3
      local.set $larger
      local.get $larger
      local.get $room
      i32.store offset=4
      local.get $larger
      i32.const 8
      i32.add
      local.get $block
      i32.const 8
      i32.add
      local.get $used
      memory.copy
      local.get $cell
      local.get $larger
      i32.store
      local.get $larger
      local.set $block
    end
    local.get $block
    i32.const 8
    i32.add
    local.get $used
    i32.add
    local.get $separator
    i32.wrap_i64
    local.get $gap
    memory.copy
    local.get $block
    i32.const 8
    i32.add
    local.get $used
    i32.add
    local.get $gap
    i32.add
    local.get $text
    i32.wrap_i64
    local.get $more
    memory.copy
    local.get $block
    local.get $end
    i32.store
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
  (func $map_words (param $cell i32) (param $width i32) (result i64)
    (local $size i32)
    (local $entry i32)
    (local $%1 i32)
    (local $address i32)
    (local $at i32)
    i32.const 0
    local.set $size
    local.get $cell
    i32.load
    local.set $entry
    block
      loop
        local.get $entry
        i32.const 0
        i32.ne
        i32.eqz
        br_if 1
        local.get $size
        local.get $width
        i32.add
        local.set $size
        local.get $entry
        i32.load offset=4
        local.set $entry
        br 0
      end
    end
    local.get $size
    call $alloc
    local.set $%1
    global.get $trap
    if
      i64.const 0
      return
    end
    local.get $%1
    local.set $address
    local.get $address
    local.set $at
    local.get $cell
    i32.load
    local.set $entry
    block
      loop
        local.get $entry
        i32.const 0
        i32.ne
        i32.eqz
        br_if 1
        local.get $at
        local.get $entry
        i32.const 16
        i32.add
        local.get $width
        memory.copy
        local.get $at
        local.get $width
        i32.add
        local.set $at
        local.get $entry
        i32.load offset=4
        local.set $entry
        br 0
      end
    end
    local.get $address
    i64.extend_i32_u
    local.get $size
    i64.extend_i32_u
    i64.const 32
    i64.shl
    i64.or
    return
  )
  (func $exact_bytes (param $cell i32) (result i64)
    (local $block i32)
    (local $count i32)
    (local $%1 i32)
    (local $address i32)
    (local $at i32)
    (local $carry i64)
    (local $$2 i32)
    (local $%3 i32)
    (local $i i32)
    (local $end i32)
    (local $$4 i32)
    (local $start i32)
    (local $first i32)
    (local $$5 i32)
    local.get $cell
    i32.load
    local.set $block
    local.get $block
    i32.const 0
    i32.eq
    if
      local.get $cell
      i64.extend_i32_u
      i32.const 0
      i64.extend_i32_u
      i64.const 32
      i64.shl
      i64.or
      return
    end
    local.get $block
    i32.load offset=4
    local.set $count
    local.get $count
    i32.const 4
    i32.mul
    i32.const 8
    i32.add
    call $alloc
    local.set $%1
    global.get $trap
    if
      i64.const 0
      return
    end
    local.get $%1
    local.set $address
    local.get $address
    i32.const 4
    i32.add
    local.set $at
    i64.const 0
    local.set $carry
    i32.const 0
    local.set $$2
    local.get $count
    local.set $%3
    block
      loop
        local.get $$2
        local.get $%3
        i32.lt_s
        i32.eqz
        br_if 1
        local.get $$2
        local.set $i
        local.get $carry
        local.get $block
        local.get $i
        i32.const 8
        i32.mul
        i32.add
        i64.load offset=16
        i64.add
        local.set $carry
        local.get $at
        local.get $carry
        i32.wrap_i64
        i32.store
        local.get $carry
        i64.const 32
        i64.shr_s
        local.set $carry
        local.get $at
        i32.const 4
        i32.add
        local.set $at
        local.get $$2
        i32.const 1
        i32.add
        local.set $$2
        br 0
      end
    end
    local.get $at
    local.get $carry
    i32.wrap_i64
    i32.store
    local.get $at
    i32.const 4
    i32.add
    local.set $end
    block
      loop
        local.get $end
        i32.const 8
        i32.sub
        local.get $address
        i32.const 4
        i32.add
        i32.ge_s
        local.set $$4
        local.get $$4
        if
          local.get $end
          i32.const 4
          i32.sub
          i32.load
          local.get $end
          i32.const 8
          i32.sub
          i32.load
          i32.const 31
          i32.shr_s
          i32.eq
          local.set $$4
        end
        local.get $$4
        i32.eqz
        if
          br 2
        end
        local.get $end
        i32.const 4
        i32.sub
        local.set $end
        br 0
      end
    end
    local.get $address
    i32.const 4
    i32.add
    local.set $start
    local.get $block
    i32.load
    local.set $first
    block
      loop
        local.get $start
        local.get $end
        i32.lt_s
        local.set $$5
        local.get $$5
        if
          local.get $start
          i32.load
          i32.const 0
          i32.eq
          local.set $$5
        end
        local.get $$5
        i32.eqz
        if
          br 2
        end
        local.get $start
        i32.const 4
        i32.add
        local.set $start
        local.get $first
        i32.const 1
        i32.add
        local.set $first
        br 0
      end
    end
    local.get $start
    local.get $end
    i32.eq
    if
      local.get $cell
      i64.extend_i32_u
      i32.const 0
      i64.extend_i32_u
      i64.const 32
      i64.shl
      i64.or
      return
    end
    local.get $start
    i32.const 4
    i32.sub
    local.get $first
    i32.store
    local.get $start
    i32.const 4
    i32.sub
    i64.extend_i32_u
    local.get $end
    local.get $start
    i32.sub
    i32.const 4
    i32.add
    i64.extend_i32_u
    i64.const 32
    i64.shl
    i64.or
    return
  )
  (func $text_of (param $cell i32) (result i64)
    (local $block i32)
    (local $$1 i64)
    local.get $cell
    i32.load
    local.set $block
    i64.const 0
    local.set $$1
    local.get $block
    i32.const 0
    i32.ne
    if
      local.get $block
      i32.const 8
      i32.add
      i64.extend_i32_u
      local.get $block
      i32.load
      i64.extend_i32_u
      i64.const 32
      i64.shl
      i64.or
      local.set $$1
    else
      local.get $cell
      i64.extend_i32_u
      i32.const 0
      i64.extend_i32_u
      i64.const 32
      i64.shl
      i64.or
      local.set $$1
    end
    local.get $$1
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
  (func $map_insert (param $cell i32) (param $hash i32) (result i32)
    (local $%1 i32)
    (local $entry i32)
    (local $last i32)
    global.get $map_entries
    i32.const 2
    i32.mul
    global.get $map_mask
    i32.ge_s
    if
      call $map_grow
      global.get $trap
      if
        i32.const 0
        return
      end
    end
    i32.const 32
    call $block_of
    local.set $%1
    global.get $trap
    if
      i32.const 0
      return
    end
    local.get $%1
    local.set $entry
    local.get $entry
    local.get $hash
    i32.store
    local.get $entry
    local.get $cell
    i32.store offset=8
    local.get $entry
    local.get $hash
    call $map_place
    local.get $cell
    i32.load offset=4
    local.set $last
    local.get $last
    i32.const 0
    i32.eq
    if
      local.get $cell
      local.get $entry
      i32.store
    else
      local.get $last
      local.get $entry
      i32.store offset=4
    end
    local.get $cell
    local.get $entry
    i32.store offset=4
    global.get $map_entries
    i32.const 1
    i32.add
    global.set $map_entries
    local.get $entry
    return
  )
  (func $exact_room (param $cell i32) (param $low i32) (param $count i32) (result i32)
    (local $block i32)
    (local $first i32)
    (local $end i32)
    (local $%1 i32)
    (local $$3 i32)
    (local $%2 i32)
    (local $$5 i32)
    (local $%4 i32)
    (local $%6 i32)
    local.get $cell
    i32.load
    local.set $block
    local.get $low
    local.set $first
    local.get $low
    local.get $count
    i32.add
    local.set $end
    local.get $block
    i32.const 0
    i32.eq
    if
      local.get $cell
      local.get $first
      local.get $end
      call $exact_resize
      local.set $%1
      global.get $trap
      if
        i32.const 0
        return
      end
      local.get $%1
      local.set $block
    else
      local.get $block
      i32.load offset=8
      i32.const 1073741824
      i32.eq
      if
        local.get $cell
        call $exact_settle
        global.get $trap
        if
          i32.const 0
          return
        end
        local.get $cell
        i32.load
        local.set $block
      end
      local.get $block
      i32.load
      local.set $first
      local.get $first
      local.get $block
      i32.load offset=4
      i32.add
      local.set $end
      local.get $low
      local.get $first
      i32.lt_s
      local.get $low
      local.get $count
      i32.add
      local.get $end
      i32.gt_s
      i32.or
      if
        i32.const 0
        local.set $$3
        local.get $low
        local.get $first
        i32.lt_s
        if
          local.get $low
          i32.const 2
          i32.sub
          local.set $%2
          i32.const 0
          local.get $%2
          i32.const 0
          local.get $%2
          i32.gt_s
          select
          local.set $$3
        else
          local.get $first
          local.set $$3
        end
        local.get $$3
        local.set $first
        i32.const 0
        local.set $$5
        local.get $low
        local.get $count
        i32.add
        local.get $end
        i32.gt_s
        if
          local.get $low
          local.get $count
          i32.add
          i32.const 2
          i32.add
          local.set $%4
          local.get $end
          local.get $%4
          local.get $end
          local.get $%4
          i32.gt_s
          select
          local.set $$5
        else
          local.get $end
          local.set $$5
        end
        local.get $$5
        local.set $end
        local.get $cell
        local.get $first
        local.get $end
        call $exact_resize
        local.set $%6
        global.get $trap
        if
          i32.const 0
          return
        end
        local.get $%6
        local.set $block
      end
    end
    local.get $block
    local.get $block
    i32.load offset=8
    i32.const 1
    i32.add
    i32.store offset=8
    local.get $block
    i32.const 16
    i32.add
    local.get $low
    local.get $first
    i32.sub
    i32.const 8
    i32.mul
    i32.add
    return
  )
  (func $exact_digit (param $at i32) (param $digit i64) (param $sign i64)
    local.get $at
    local.get $at
    i64.load
    local.get $digit
    local.get $sign
    i64.xor
    local.get $sign
    i64.sub
    i64.add
    i64.store
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
  (func $map_grow
    (local $before i32)
    (local $$1 i32)
    (local $count i32)
    (local $%2 i32)
    (local $after i32)
    (local $%3 i32)
    (local $$4 i32)
    (local $%5 i32)
    (local $place i32)
    (local $entry i32)
    global.get $map_places
    local.set $before
    i32.const 0
    local.set $$1
    local.get $before
    i32.const 0
    i32.ne
    if
      global.get $map_mask
      i32.const 1
      i32.add
      local.set $$1
    else
      i32.const 0
      local.set $$1
    end
    local.get $$1
    local.set $count
    local.get $count
    i32.const 2
    i32.mul
    local.set $%2
    i32.const 128
    local.get $%2
    i32.const 128
    local.get $%2
    i32.gt_s
    select
    local.set $after
    local.get $after
    i32.const 4
    i32.mul
    call $keep
    local.set $%3
    global.get $trap
    if
      return
    end
    local.get $%3
    global.set $map_places
    local.get $after
    i32.const 1
    i32.sub
    global.set $map_mask
    global.get $map_places
    i32.const 0
    local.get $after
    i32.const 4
    i32.mul
    memory.fill
    i32.const 0
    local.set $$4
    local.get $count
    local.set $%5
    block
      loop
        local.get $$4
        local.get $%5
        i32.lt_s
        i32.eqz
        br_if 1
        local.get $$4
        local.set $place
        local.get $before
        local.get $place
        i32.const 4
        i32.mul
        i32.add
        i32.load
        local.set $entry
        local.get $entry
        i32.const 0
        i32.ne
        if
          local.get $entry
          local.get $entry
          i32.load
          call $map_place
        end
        local.get $$4
        i32.const 1
        i32.add
        local.set $$4
        br 0
      end
    end
  )
  (func $map_place (param $entry i32) (param $hash i32)
    (local $place i32)
    local.get $hash
    global.get $map_mask
    i32.and
    local.set $place
    block
      loop
        global.get $map_places
        local.get $place
        i32.const 4
        i32.mul
        i32.add
        i32.load
        i32.const 0
        i32.ne
        i32.eqz
        br_if 1
        local.get $place
        i32.const 1
        i32.add
        global.get $map_mask
        i32.and
        local.set $place
        br 0
      end
    end
    global.get $map_places
    local.get $place
    i32.const 4
    i32.mul
    i32.add
    local.get $entry
    i32.store
  )
  (func $exact_resize (param $cell i32) (param $first i32) (param $end i32) (result i32)
    (local $block i32)
    (local $%1 i32)
    (local $larger i32)
    (local $before i32)
    local.get $cell
    i32.load
    local.set $block
    i32.const 16
    local.get $end
    local.get $first
    i32.sub
    i32.const 8
    i32.mul
    i32.add
    call $block_of
    local.set $%1
    global.get $trap
    if
      i32.const 0
      return
    end
    local.get $%1
    local.set $larger
    local.get $block
    i32.const 0
    i32.ne
    if
      local.get $block
      i32.load
      local.get $first
      i32.sub
      local.set $before
      local.get $larger
      i32.const 16
      i32.add
      local.get $before
      i32.const 8
      i32.mul
      i32.add
      local.get $block
      i32.const 16
      i32.add
      local.get $block
      i32.load offset=4
      i32.const 8
      i32.mul
      memory.copy
      local.get $larger
      local.get $block
      i32.load offset=8
      i32.store offset=8
    end
    local.get $larger
    local.get $first
    i32.store
    local.get $larger
    local.get $end
    local.get $first
    i32.sub
    i32.store offset=4
    local.get $cell
    local.get $larger
    i32.store
    local.get $larger
    return
  )
  (func $exact_settle (param $cell i32)
    (local $block i32)
    (local $first i32)
    (local $count i32)
    (local $%1 i32)
    (local $at i32)
    (local $$2 i32)
    (local $%3 i32)
    (local $_ i32)
    (local $digit i64)
    local.get $cell
    i32.load
    local.set $block
    local.get $block
    i32.load
    local.set $first
    local.get $block
    i32.load offset=4
    local.set $count
    local.get $cell
    local.get $first
    local.get $first
    local.get $count
    i32.add
    i32.const 1
    i32.add
    call $exact_resize
    local.set $%1
    global.get $trap
    if
      return
    end
    local.get $%1
    local.set $block
    local.get $block
    i32.const 0
    i32.store offset=8
    local.get $block
    i32.const 16
    i32.add
    local.set $at
    i32.const 0
    local.set $$2
    local.get $count
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
        i64.load
        local.set $digit
        local.get $at
        local.get $digit
        i64.const 4294967295
        i64.and
        i64.store
        local.get $at
        local.get $at
        i64.load offset=8
        local.get $digit
        i64.const 32
        i64.shr_s
        i64.add
        i64.store offset=8
        local.get $at
        i32.const 8
        i32.add
        local.set $at
        local.get $$2
        i32.const 1
        i32.add
        local.set $$2
        br 0
      end
    end
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
  (data (i32.const 64) "!? ")
)
