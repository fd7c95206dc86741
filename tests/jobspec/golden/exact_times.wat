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
    i32.const 2
    call $open_chunk
    global.get $trap
    if
      return
    end
    global.get $chunk
    i32.const 64
    i32.add
    i32.const 133392
    i32.const 8
    call $check_column
    global.get $trap
    if
      return
    end
    global.get $chunk
    i32.const 80
    i32.add
    i32.const 15
    i32.const 8
    call $check_column
    global.get $trap
    if
      return
    end
  )
  (func $work (param $stop i32)
    (local $i i32)
    (local $%1_price_values i32)
    (local $%2 i32)
    (local $%3_price_mask i32)
    (local $%4_price_validity i32)
    (local $%5_at_values i32)
    (local $%6_price_valid i32)
    (local $%7_price i64)
    (local $%8 i64)
    (local $%9 i64)
    (local $%10_gross i64)
    (local $%11_at i64)
    (local $%12 i64)
    (local $%13 i64)
    (local $%14 i64)
    (local $%15_month i64)
    (local $%16 i64)
    (local $%17 i32)
    (local $$18 i32)
    (local $$19 i32)
    (local $%20 i64)
    (local $%21 i32)
    (local $%22 i64)
    (local $%23 i64)
    (local $%24 i64)
    (local $%25 i64)
    global.get $kept_top
    global.set $heap_top
    global.get $row
    local.set $i
    global.get $chunk
    global.get $chunk
    i32.load offset=68
    i32.add
    local.set $%1_price_values
    global.get $chunk
    i32.load offset=72
    local.set $%2
    i32.const -1
    i32.const 0
    local.get $%2
    select
    local.set $%3_price_mask
    global.get $chunk
    local.get $%2
    i32.const 4
    local.get $%2
    select
    i32.add
    local.set $%4_price_validity
    global.get $chunk
    global.get $chunk
    i32.load offset=84
    i32.add
    local.set $%5_at_values
    block
      loop
        local.get $i
        local.get $stop
        i32.lt_u
        i32.eqz
        br_if 1
        local.get $%4_price_validity
        local.get $i
        local.get $%3_price_mask
        i32.and
        i32.add
        i32.load8_u
        local.set $%6_price_valid
        local.get $%1_price_values
        local.get $i
        i32.const 3
        i32.shl
        i32.add
        i64.load
        local.set $%7_price
        local.get $%7_price
        i64.const 119
        i64.mul
        local.set $%8
        local.get $%8
        i64.const 100
        call $decimal_rounded
        local.set $%9
        local.get $%9
        i64.const 1
        i64.mul
        local.set $%10_gross
        local.get $%5_at_values
        local.get $i
        i32.const 3
        i32.shl
        i32.add
        i64.load
        local.set $%11_at
        local.get $%11_at
        i64.const 86400000000
        call $floor_divide_i64
        local.set $%12
        local.get $%12
        call $calendar_month_index
        local.set $%13
        local.get $%13
        call $calendar_month_start
        local.set $%14
        local.get $%14
        i64.const 86400000000
        i64.mul
        local.set $%15_month
        local.get $%11_at
        i64.const 1
        i64.const 0
        i64.const 0
        call $calendar_add
        local.set $%16
        local.get $%16
        i64.const -9223372036854775808
        i64.eq
        if
          i32.const 4
          global.set $trap
          return
        end
        i64.const 0
        local.get $%15_month
        call $hash_word
        i32.wrap_i64
        local.set $%17
        local.get $%17
        global.get $slot_mask
        i32.and
        local.set $$18
        i32.const 0
        local.set $$19
        block
          loop
            global.get $slots
            local.get $$18
            i32.const 2
            i32.shl
            i32.add
            i32.load
            local.set $$19
            local.get $$19
            i32.eqz
            if
              br 2
            end
            local.get $$19
            i32.load
            local.get $%17
            i32.eq
            if
              local.get $$19
              i64.load offset=8
              local.set $%20
              local.get $%20
              local.get $%15_month
              i64.eq
              if
                br 3
              end
            end
            local.get $$18
            i32.const 1
            i32.add
            global.get $slot_mask
            i32.and
            local.set $$18
            br 0
          end
        end
        local.get $$19
        i32.eqz
        if
          local.get $$18
          local.get $%17
          i32.const 56
          call $record_insert
          local.set $%21
          global.get $trap
          if
            return
          end
          local.get $%21
          local.set $$19
          local.get $$19
          local.get $%15_month
          i64.store offset=8
        end
        local.get $%6_price_valid
        if
          local.get $$19
          i64.load offset=16
          local.get $%10_gross
          i64.add
          local.set $%22
          local.get $$19
          local.get $%22
          i64.store offset=16
          local.get $$19
          i64.load offset=24
          local.get $%22
          local.get $%10_gross
          i64.lt_u
          i64.extend_i32_u
          local.get $%10_gross
          i64.const 63
          i64.shr_s
          i64.add
          i64.add
          local.set $%23
          local.get $$19
          local.get $%23
          i64.store offset=24
          local.get $$19
          i64.load offset=32
          i64.const 1
          i64.add
          local.set $%24
          local.get $$19
          local.get $%24
          i64.store offset=32
        end
        local.get $$19
        i64.load offset=40
        local.set $%25
        local.get $$19
        i32.load8_u offset=48
        i32.eqz
        local.get $%16
        local.get $%25
        i64.gt_s
        i32.or
        if
          local.get $$19
          local.get $%16
          i64.store offset=40
          local.get $$19
          i32.const 1
          i32.store8 offset=48
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
    i32.const 5
    call $begin_table
    global.get $trap
    if
      i32.const 0
      return
    end
    i32.const 0
    i32.const 15
    i32.const 8
    i32.const 8
    i32.const 0
    i32.const 56
    call $write_column
    global.get $trap
    if
      i32.const 0
      return
    end
    i32.const 1
    i32.const 9
    i32.const 8
    i32.const 16
    i32.const 0
    i32.const 56
    call $write_column
    global.get $trap
    if
      i32.const 0
      return
    end
    i32.const 2
    i32.const 5
    i32.const 8
    i32.const 24
    i32.const 0
    i32.const 56
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
    i32.const 56
    call $write_column
    global.get $trap
    if
      i32.const 0
      return
    end
    i32.const 4
    i32.const 15
    i32.const 8
    i32.const 40
    i32.const 48
    i32.const 56
    call $write_column
    global.get $trap
    if
      i32.const 0
      return
    end
    i32.const 5
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
  (func $decimal_rounded (param $value i64) (param $power i64) (result i64)
    (local $whole i64)
    (local $rest i64)
    local.get $value
    local.get $power
    i64.div_s
    local.set $whole
    local.get $value
    local.get $whole
    local.get $power
    i64.mul
    i64.sub
    i64.const 2
    i64.mul
    local.set $rest
    local.get $whole
    local.get $rest
    local.get $power
    i64.ge_s
    i64.extend_i32_u
    i64.add
    local.get $rest
    i64.const 0
    local.get $power
    i64.sub
    i64.le_s
    i64.extend_i32_u
    i64.sub
    return
  )
  (func $floor_divide_i64 (param $a i64) (param $b i64) (result i64)
    (local $quotient i64)
    (local $remainder i64)
    local.get $b
    i64.const -1
    i64.eq
    if
      i64.const 0
      local.get $a
      i64.sub
      return
    end
    local.get $a
    local.get $b
    i64.div_s
    local.set $quotient
    local.get $a
    local.get $quotient
    local.get $b
    i64.mul
    i64.sub
    local.set $remainder
    local.get $quotient
    local.get $remainder
    i64.const 0
    i64.ne
    local.get $remainder
    local.get $b
    i64.xor
    i64.const 0
    i64.lt_s
    i32.and
    i64.extend_i32_u
    i64.sub
    return
  )
  (func $calendar_month_index (param $days i64) (result i64)
    (local $packed i64)
    local.get $days
    call $civil
    local.set $packed
    local.get $packed
    i64.const 9
    i64.shr_s
    i64.const 12
    i64.mul
    local.get $packed
    i64.const 5
    i64.shr_s
    i64.const 15
    i64.and
    i64.add
    i64.const 1
    i64.sub
    return
  )
  (func $calendar_month_start (param $index i64) (result i64)
    (local $%1 i64)
    (local $year i64)
    local.get $index
    i64.const 12
    i64.rem_s
    local.set $%1
    local.get $index
    i64.const 12
    i64.div_s
    local.get $%1
    i64.const 63
    i64.shr_s
    i64.add
    local.set $year
    local.get $year
    local.get $index
    local.get $year
    i64.const 12
    i64.mul
    i64.sub
    i64.const 1
    i64.add
    i64.const 1
    call $days_of
    return
  )
  (func $calendar_add (param $micros i64) (param $months i64) (param $days i64) (param $more i64) (result i64)
    (local $$2 i32)
    (local $%1 i64)
    (local $%3 i64)
    (local $day i64)
    (local $rest i64)
    (local $result i64)
    i64.const 0
    local.get $months
    i64.sub
    local.get $months
    local.get $months
    i64.const 0
    i64.lt_s
    select
    i64.const 240000
    i64.gt_s
    i64.const 0
    local.get $days
    i64.sub
    local.get $days
    local.get $days
    i64.const 0
    i64.lt_s
    select
    i64.const 8000000
    i64.gt_s
    i32.or
    local.set $$2
    local.get $$2
    i32.eqz
    if
      local.get $more
      i64.const 86400000000
      i64.div_s
      local.set $%1
      i64.const 0
      local.get $%1
      i64.sub
      local.get $%1
      local.get $%1
      i64.const 0
      i64.lt_s
      select
      i64.const 8000000
      i64.gt_s
      local.set $$2
    end
    local.get $$2
    if
      i64.const -9223372036854775808
      return
    end
    local.get $micros
    i64.const 86400000000
    i64.rem_s
    local.set $%3
    local.get $micros
    i64.const 86400000000
    i64.div_s
    local.get $%3
    i64.const 63
    i64.shr_s
    i64.add
    local.set $day
    local.get $micros
    local.get $day
    i64.const 86400000000
    i64.mul
    i64.sub
    local.set $rest
    local.get $months
    i64.const 0
    i64.ne
    if
      local.get $day
      local.get $months
      call $calendar_add_months
      local.set $day
    end
    local.get $day
    local.get $days
    i64.add
    i64.const 86400000000
    i64.mul
    local.get $rest
    i64.add
    local.get $more
    i64.add
    local.set $result
    local.get $result
    i64.const -9223372036854775808
    local.get $result
    call $is_timestamp
    select
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
  (func $civil (param $days i64) (result i64)
    (local $since_march i64)
    (local $%1 i64)
    (local $era i64)
    (local $day_of_era i64)
    (local $lost i64)
    (local $year_of_era i64)
    (local $leap_days i64)
    (local $day_of_year i64)
    (local $month i64)
    (local $day i64)
    (local $year i64)
    local.get $days
    i64.const 719468
    i64.add
    local.set $since_march
    local.get $since_march
    i64.const 146097
    i64.rem_s
    local.set $%1
    local.get $since_march
    i64.const 146097
    i64.div_s
    local.get $%1
    i64.const 63
    i64.shr_s
    i64.add
    local.set $era
    local.get $since_march
    local.get $era
    i64.const 146097
    i64.mul
    i64.sub
    local.set $day_of_era
    local.get $day_of_era
    i64.const 1460
    i64.div_s
    local.get $day_of_era
    i64.const 36524
    i64.div_s
    i64.sub
    local.get $day_of_era
    i64.const 146096
    i64.div_s
    i64.add
    local.set $lost
    local.get $day_of_era
    local.get $lost
    i64.sub
    i64.const 365
    i64.div_s
    local.set $year_of_era
    local.get $year_of_era
    i64.const 4
    i64.div_s
    local.get $year_of_era
    i64.const 100
    i64.div_s
    i64.sub
    local.set $leap_days
    local.get $day_of_era
    local.get $year_of_era
    i64.const 365
    i64.mul
    i64.sub
    local.get $leap_days
    i64.sub
    local.set $day_of_year
    local.get $day_of_year
    i64.const 5
    i64.mul
    i64.const 2
    i64.add
    i64.const 153
    i64.div_s
    local.set $month
    local.get $day_of_year
    local.get $month
    i64.const 153
    i64.mul
    i64.const 2
    i64.add
    i64.const 5
    i64.div_s
    i64.sub
    i64.const 1
    i64.add
    local.set $day
    local.get $month
    i64.const 3
    i64.add
    local.get $month
    i64.const 9
    i64.sub
    local.get $month
    i64.const 10
    i64.lt_s
    select
    local.set $month
    local.get $year_of_era
    local.get $era
    i64.const 400
    i64.mul
    i64.add
    local.get $month
    i64.const 2
    i64.le_s
    i64.extend_i32_u
    i64.add
    local.set $year
    local.get $year
    i64.const 9
    i64.shl
    local.get $month
    i64.const 5
    i64.shl
    i64.or
    local.get $day
    i64.or
    return
  )
  (func $days_of (param $year i64) (param $month i64) (param $day i64) (result i64)
    (local $%1 i64)
    (local $era i64)
    (local $year_of_era i64)
    (local $day_of_year i64)
    (local $leap_days i64)
    local.get $year
    local.get $month
    i64.const 2
    i64.le_s
    i64.extend_i32_u
    i64.sub
    local.set $year
    local.get $year
    i64.const 400
    i64.rem_s
    local.set $%1
    local.get $year
    i64.const 400
    i64.div_s
    local.get $%1
    i64.const 63
    i64.shr_s
    i64.add
    local.set $era
    local.get $year
    local.get $era
    i64.const 400
    i64.mul
    i64.sub
    local.set $year_of_era
    local.get $month
    i64.const 3
    i64.sub
    local.get $month
    i64.const 9
    i64.add
    local.get $month
    i64.const 2
    i64.gt_s
    select
    local.set $month
    local.get $month
    i64.const 153
    i64.mul
    i64.const 2
    i64.add
    i64.const 5
    i64.div_s
    local.get $day
    i64.add
    i64.const 1
    i64.sub
    local.set $day_of_year
    local.get $year_of_era
    i64.const 4
    i64.div_s
    local.get $year_of_era
    i64.const 100
    i64.div_s
    i64.sub
    local.set $leap_days
    local.get $era
    i64.const 146097
    i64.mul
    local.get $year_of_era
    i64.const 365
    i64.mul
    i64.add
    local.get $leap_days
    i64.add
    local.get $day_of_year
    i64.add
    i64.const 719468
    i64.sub
    return
  )
  (func $calendar_add_months (param $days i64) (param $months i64) (result i64)
    (local $start i64)
    (local $%1 i64)
    (local $%2 i64)
    (local $day i64)
    local.get $days
    call $calendar_month_index
    local.get $months
    i64.add
    call $calendar_month_start
    local.set $start
    local.get $days
    call $civil
    i64.const 31
    i64.and
    local.set $%1
    local.get $start
    call $calendar_last_day
    call $civil
    i64.const 31
    i64.and
    local.set $%2
    local.get $%2
    local.get $%1
    local.get $%2
    local.get $%1
    i64.lt_s
    select
    local.set $day
    local.get $start
    local.get $day
    i64.add
    i64.const 1
    i64.sub
    return
  )
  (func $is_timestamp (param $micros i64) (result i32)
    local.get $micros
    i64.const -62135596800000000
    i64.ge_s
    local.get $micros
    i64.const 253402300799999999
    i64.le_s
    i32.and
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
  (func $calendar_last_day (param $days i64) (result i64)
    local.get $days
    call $calendar_month_index
    i64.const 1
    i64.add
    call $calendar_month_start
    i64.const 1
    i64.sub
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
