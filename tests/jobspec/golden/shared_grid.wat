(module
  (memory (export "memory") 1 1024)
  (global $trap (mut i32) (i32.const 0))
  (global $heap_base (mut i32) (i32.const 640))
  (global $index_1_slots (mut i32) (i32.const 0))
  (global $index_1_next (mut i32) (i32.const 0))
  (global $opened (mut i32) (i32.const 0))
  (global $kept_top (mut i32) (i32.const 0))
  (global $row (mut i32) (i32.const 0))
  (global $first_row (mut i64) (i64.const 0))
  (global $joined (mut i64) (i64.const 0))
  (global $keys_made (mut i64) (i64.const 0))
  (global $heap_top (mut i32) (i32.const 0))
  (global $rows (mut i32) (i32.const 0))
  (global $walk_order (mut i32) (i32.const 0))
  (global $table_bytes (mut i32) (i32.const 0))
  (global $chunk (mut i32) (i32.const 0))
  (global $text_next (mut i32) (i32.const 0))
  (global $text_end (mut i32) (i32.const 0))
  (global $record_count (mut i32) (i32.const 0))
  (global $record_next (mut i32) (i32.const 0))
  (global $record_end (mut i32) (i32.const 0))
  (global $first_segment (mut i32) (i32.const 0))
  (global $last_segment (mut i32) (i32.const 0))
  (global $slots (mut i32) (i32.const 0))
  (global $slot_mask (mut i32) (i32.const 0))
  (global $best_rows (mut i32) (i32.const 0))
  (global $best_room (mut i32) (i32.const 0))
  (global $chunk_end (mut i32) (i32.const 0))
  (global $table (mut i32) (i32.const 0))
  (global $walk_segment (mut i32) (i32.const 0))
  (global $walk_at (mut i32) (i32.const 0))
  (global $walk_end (mut i32) (i32.const 0))
  (func $input (export "input") (param $bytes i32) (result i32)
    local.get $bytes
    call $receive
    return
  )
  (func $index_1
    (local $%1 i32)
    (local $%2 i32)
    (local $$3 i32)
    (local $%4_names i32)
    (local $%5_key0_values i32)
    (local $$6 i32)
    (local $%7_names i32)
    (local $%8_key0_values i32)
    (local $%9_key0 i64)
    (local $%10 i32)
    (local $$11 i32)
    (local $$12 i32)
    (local $%13 i32)
    (local $%14_key0 i64)
    i32.const 16
    call $keep_zeros
    local.set $%1
    global.get $trap
    if
      return
    end
    local.get $%1
    global.set $index_1_slots
    i32.const 8
    call $keep_zeros
    local.set $%2
    global.get $trap
    if
      return
    end
    local.get $%2
    global.set $index_1_next
    i32.const 0
    local.set $$3
    i64.const 1924145348672
    i32.wrap_i64
    local.set $%4_names
    local.get $%4_names
    local.get $%4_names
    i32.load offset=68
    i32.add
    local.set $%5_key0_values
    i32.const 2
    local.set $$6
    i64.const 1924145348672
    i32.wrap_i64
    local.set $%7_names
    local.get $%7_names
    local.get $%7_names
    i32.load offset=68
    i32.add
    local.set $%8_key0_values
    block
      loop
        local.get $$6
        i32.eqz
        br_if 1
        local.get $$6
        i32.const 1
        i32.sub
        local.set $$6
        local.get $%8_key0_values
        local.get $$6
        i32.const 3
        i32.shl
        i32.add
        i64.load
        local.set $%9_key0
        i64.const 0
        local.get $%9_key0
        call $hash_word
        i32.wrap_i64
        local.set $%10
        local.get $%10
        i32.const 3
        i32.and
        local.set $$11
        i32.const 0
        local.set $$12
        block
          loop
            global.get $index_1_slots
            local.get $$11
            i32.const 2
            i32.shl
            i32.add
            local.set $$12
            local.get $$12
            i32.load
            local.set $%13
            local.get $%13
            i32.eqz
            if
              br 2
            end
            local.get $%13
            i32.const 1
            i32.sub
            local.set $$3
            local.get $%5_key0_values
            local.get $$3
            i32.const 3
            i32.shl
            i32.add
            i64.load
            local.set $%14_key0
            local.get $%9_key0
            local.get $%14_key0
            i64.eq
            if
              br 2
            end
            local.get $$11
            i32.const 1
            i32.add
            i32.const 3
            i32.and
            local.set $$11
            br 0
          end
        end
        global.get $index_1_next
        local.get $$6
        i32.const 2
        i32.shl
        i32.add
        local.get $$12
        i32.load
        i32.store
        local.get $$12
        local.get $$6
        i32.const 1
        i32.add
        i32.store
        br 0
      end
    end
  )
  (func $open
    global.get $opened
    if
      return
    end
    i32.const 0
    call $open_chunk
    global.get $trap
    if
      return
    end
    call $index_1
    global.get $trap
    if
      return
    end
  )
  (func $work (param $stop i32)
    (local $i i32)
    (local $%1 i64)
    (local $$2 i64)
    (local $%3 i64)
    (local $$4 i64)
    (local $%5 i64)
    (local $$6 i32)
    (local $%7_names i32)
    (local $%8_added0_values i32)
    (local $%9_added0_bytes i32)
    (local $%10 i32)
    (local $%11_added0_mask i32)
    (local $%12_added0_validity i32)
    (local $$13 i32)
    (local $%14_names i32)
    (local $%15_key0_values i32)
    (local $%16_x i64)
    (local $$17 i32)
    (local $%18 i32)
    (local $$19 i32)
    (local $$20 i32)
    (local $%21 i32)
    (local $%22_key0 i64)
    (local $$23 i32)
    (local $%24 i64)
    (local $%25_y i64)
    (local $%26 f64)
    (local $%27 i32)
    (local $%28 i32)
    (local $$29 i32)
    (local $%30 i64)
    (local $%31 i32)
    (local $%32_added0_valid i32)
    (local $%33 i32)
    (local $%34 i32)
    (local $%35_added0 i64)
    (local $%36 i64)
    global.get $kept_top
    global.set $heap_top
    global.get $row
    local.set $i
    global.get $first_row
    local.get $i
    i64.extend_i32_u
    i64.add
    local.set $%1
    local.get $%1
    i64.const 4
    i64.rem_u
    local.set $$2
    local.get $%1
    i64.const 4
    i64.div_u
    local.set $%3
    local.get $%3
    i64.const 3
    i64.rem_u
    local.set $$4
    local.get $%3
    i64.const 3
    i64.div_u
    local.set $%5
    i64.const 0
    global.set $joined
    i32.const 0
    local.set $$6
    i64.const 1924145348672
    i32.wrap_i64
    local.set $%7_names
    local.get $%7_names
    local.get $%7_names
    i32.load offset=84
    i32.add
    local.set $%8_added0_values
    local.get $%7_names
    local.get $%7_names
    i32.load offset=92
    i32.add
    local.set $%9_added0_bytes
    local.get $%7_names
    i32.load offset=88
    local.set $%10
    i32.const -1
    i32.const 0
    local.get $%10
    select
    local.set $%11_added0_mask
    local.get $%7_names
    local.get $%10
    i32.const 4
    local.get $%10
    select
    i32.add
    local.set $%12_added0_validity
    i32.const 0
    local.set $$13
    i64.const 1924145348672
    i32.wrap_i64
    local.set $%14_names
    local.get $%14_names
    local.get $%14_names
    i32.load offset=68
    i32.add
    local.set $%15_key0_values
    block
      loop
        local.get $i
        local.get $stop
        i32.lt_u
        i32.eqz
        br_if 1
        local.get $$2
        local.set $%16_x
        i32.const 0
        local.set $$17
        i64.const 0
        local.get $%16_x
        call $hash_word
        i32.wrap_i64
        local.set $%18
        local.get $%18
        i32.const 3
        i32.and
        local.set $$19
        i32.const 0
        local.set $$20
        block
          loop
            global.get $index_1_slots
            local.get $$19
            i32.const 2
            i32.shl
            i32.add
            local.set $$20
            local.get $$20
            i32.load
            local.set $%21
            local.get $%21
            i32.eqz
            if
              br 2
            end
            local.get $%21
            i32.const 1
            i32.sub
            local.set $$13
            local.get $%15_key0_values
            local.get $$13
            i32.const 3
            i32.shl
            i32.add
            i64.load
            local.set $%22_key0
            local.get $%16_x
            local.get $%22_key0
            i64.eq
            if
              br 2
            end
            local.get $$19
            i32.const 1
            i32.add
            i32.const 3
            i32.and
            local.set $$19
            br 0
          end
        end
        local.get $$20
        i32.load
        local.set $$17
        local.get $$17
        i32.eqz
        local.set $$23
        global.get $joined
        local.set $%24
        block
          loop
            local.get $$17
            local.get $$23
            i32.or
            i32.eqz
            br_if 1
            local.get $$17
            i32.const 1
            i32.sub
            i32.const 2
            local.get $$17
            select
            local.set $$6
            local.get $%24
            local.get $$17
            i64.extend_i32_u
            call $hash_word
            global.set $joined
            local.get $$4
            local.set $%25_y
            i64.const 137438953984
            i32.wrap_i64
            i32.const 4
            local.get $%25_y
            local.get $%16_x
            call $fn_weighted
            local.set $%26
            global.get $trap
            if
              return
            end
            i32.const 576
            i32.load
            local.set $%27
            i32.const 8
            i32.const 9
            i32.add
            call $alloc
            local.set $%28
            global.get $trap
            if
              return
            end
            local.get $%28
            local.set $$29
            local.get $$29
            local.get $%26
            call $order_of_f64
            i64.const -1
            i64.xor
            i32.const 8
            call $key_word
            local.set $$29
            global.get $keys_made
            i64.const 1
            i64.add
            local.set $%30
            local.get $%30
            global.set $keys_made
            local.get $$29
            local.get $%30
            i32.const 8
            call $key_word
            local.set $$29
            local.get $%28
            i64.extend_i32_u
            local.get $$29
            local.get $%28
            i32.sub
            i64.extend_i32_u
            i64.const 32
            i64.shl
            i64.or
            i32.const 5
            i32.const 56
            call $take_row
            local.set $%31
            global.get $trap
            if
              return
            end
            local.get $%31
            if
              local.get $%12_added0_validity
              local.get $$6
              local.get $%11_added0_mask
              i32.and
              i32.add
              i32.load8_u
              local.set $%32_added0_valid
              local.get $%8_added0_values
              local.get $$6
              i32.const 2
              i32.shl
              i32.add
              local.set $%33
              local.get $%33
              i32.load
              local.set $%34
              local.get $%9_added0_bytes
              local.get $%34
              i32.add
              i64.extend_i32_u
              local.get $%33
              i32.load offset=4
              local.get $%34
              i32.sub
              i64.extend_i32_u
              i64.const 32
              i64.shl
              i64.or
              local.set $%35_added0
              local.get $%31
              local.get $%25_y
              i64.store offset=16
              local.get $%31
              local.get $%16_x
              i64.store offset=24
              local.get $%35_added0
              i64.const 0
              local.get $%32_added0_valid
              select
              call $keep_text
              local.set $%36
              global.get $trap
              if
                return
              end
              local.get $%31
              local.get $%36
              i64.store offset=32
              local.get $%31
              local.get $%32_added0_valid
              i32.store8 offset=49
              local.get $%31
              local.get $%26
              f64.store offset=40
              local.get $%31
              local.get $%27
              i32.store8 offset=48
            end
            global.get $index_1_next
            local.get $$17
            i32.const 1
            i32.sub
            i32.const 2
            i32.shl
            i32.add
            i32.load
            i32.const 0
            local.get $$17
            select
            local.set $$17
            i32.const 0
            local.set $$23
            br 0
          end
        end
        local.get $%24
        global.set $joined
        local.get $$2
        i64.const 1
        i64.add
        local.set $$2
        local.get $$2
        i64.const 4
        i64.eq
        if
          i64.const 0
          local.set $$2
          local.get $$4
          i64.const 1
          i64.add
          local.set $$4
          local.get $$4
          i64.const 3
          i64.eq
          if
            i64.const 0
            local.set $$4
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
    i32.const 0
    call $order_records
    global.get $trap
    if
      i32.const 0
      return
    end
    i32.const 5
    call $begin_table
    global.get $trap
    if
      i32.const 0
      return
    end
    i32.const 0
    i32.const 5
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
    i32.const 1
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
    i32.const 2
    i32.const 12
    i32.const 8
    i32.const 32
    i32.const 49
    i32.const 56
    call $write_column
    global.get $trap
    if
      i32.const 0
      return
    end
    i32.const 3
    i32.const 11
    i32.const 8
    i32.const 40
    i32.const 0
    i32.const 56
    call $write_column
    global.get $trap
    if
      i32.const 0
      return
    end
    i32.const 4
    i32.const 1
    i32.const 1
    i32.const 48
    i32.const 0
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
  (func $fn_weighted (param $w i32) (param $w.0 i32) (param $y i64) (param $x i64) (result f64)
    (local $value f64)
    (local $%1 f64)
    (local $%2 i32)
    local.get $x
    local.get $w.0
    i64.extend_i32_u
    i64.ge_u
    if
      i32.const 4
      global.set $trap
      f64.const 0.0
      return
    end
    local.get $w
    local.get $x
    i32.wrap_i64
    i32.const 3
    i32.shl
    i32.add
    f64.load
    local.get $y
    f64.convert_i64_s
    f64.mul
    local.set $value
    local.get $value
    local.set $%1
    local.get $value
    f64.const 0x1.0000000000000p-1
    f64.gt
    local.set $%2
    i32.const 576
    local.get $%2
    i32.store
    local.get $%1
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
  (func $keep_zeros (param $size i32) (result i32)
    (local $%1 i32)
    (local $address i32)
    local.get $size
    call $keep
    local.set $%1
    global.get $trap
    if
      i32.const 0
      return
    end
    local.get $%1
    local.set $address
    local.get $address
    i32.const 0
    local.get $size
    memory.fill
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
  (func $key_word (param $at i32) (param $word i64) (param $bytes i32) (result i32)
    (local $rest i64)
    local.get $word
    i32.const 64
    local.get $bytes
    i32.const 8
    i32.mul
    i32.sub
    i64.extend_i32_s
    i64.shl
    local.set $rest
    local.get $rest
    i64.const 8
    i64.shr_u
    i64.const 71777214294589695
    i64.and
    local.get $rest
    i64.const 71777214294589695
    i64.and
    i64.const 8
    i64.shl
    i64.or
    local.set $rest
    local.get $rest
    i64.const 16
    i64.shr_u
    i64.const 281470681808895
    i64.and
    local.get $rest
    i64.const 281470681808895
    i64.and
    i64.const 16
    i64.shl
    i64.or
    local.set $rest
    local.get $at
    local.get $rest
    i64.const 32
    i64.rotl
    i64.store
    local.get $at
    local.get $bytes
    i32.add
    return
  )
  (func $order_of_f64 (param $value f64) (result i64)
    (local $bits i64)
    i64.const 9221120237041090560
    local.set $bits
    local.get $value
    local.get $value
    f64.eq
    if
      local.get $value
      f64.const 0.0
      f64.add
      i64.reinterpret_f64
      local.set $bits
    end
    local.get $bits
    local.get $bits
    i64.const 63
    i64.shr_s
    i64.const -9223372036854775808
    i64.or
    i64.xor
    return
  )
  (func $take_row (param $key i64) (param $most i32) (param $stride i32) (result i32)
    (local $record i32)
    (local $%1 i32)
    (local $%2 i32)
    (local $size i32)
    (local $%3 i32)
    (local $room i32)
    (local $%4 i32)
    (local $larger i32)
    (local $at i32)
    (local $%5 i32)
    (local $parent i32)
    (local $above i32)
    global.get $record_count
    local.get $most
    i32.eq
    if
      local.get $most
      i32.const 0
      i32.eq
      if
        i32.const 0
        return
      end
      global.get $best_rows
      i32.load
      local.set $record
      local.get $key
      i64.const 32
      i64.shr_u
      i32.wrap_i64
      local.set $%1
      local.get $record
      i32.load offset=4
      local.set $%2
      local.get $%2
      local.get $%1
      local.get $%2
      local.get $%1
      i32.lt_s
      select
      local.set $size
      local.get $key
      i32.wrap_i64
      local.get $record
      i32.load
      local.get $size
      call $memory_compare
      i32.const 0
      i32.ge_s
      if
        i32.const 0
        return
      end
      local.get $record
      local.get $key
      call $keep_key
      global.get $trap
      if
        i32.const 0
        return
      end
      global.get $best_rows
      i32.const 0
      local.get $most
      i32.const 0
      call $sift_down
      local.get $record
      return
    end
    global.get $record_count
    global.get $best_room
    i32.eq
    if
      global.get $best_room
      i32.const 2
      i32.mul
      local.set $%3
      i32.const 64
      local.get $%3
      i32.const 64
      local.get $%3
      i32.gt_s
      select
      local.set $room
      local.get $room
      i32.const 4
      i32.mul
      call $keep
      local.set $%4
      global.get $trap
      if
        i32.const 0
        return
      end
      local.get $%4
      local.set $larger
      local.get $larger
      global.get $best_rows
      global.get $best_room
      i32.const 4
      i32.mul
      memory.copy
      local.get $larger
      global.set $best_rows
      local.get $room
      global.set $best_room
    end
    global.get $record_count
    local.set $at
    local.get $stride
    call $record_append
    local.set $%5
    global.get $trap
    if
      i32.const 0
      return
    end
    local.get $%5
    local.set $record
    local.get $record
    local.get $key
    call $keep_key
    global.get $trap
    if
      i32.const 0
      return
    end
    block
      loop
        local.get $at
        i32.const 0
        i32.gt_s
        i32.eqz
        br_if 1
        local.get $at
        i32.const 1
        i32.sub
        i32.const 1
        i32.shr_s
        local.set $parent
        global.get $best_rows
        local.get $parent
        i32.const 4
        i32.mul
        i32.add
        i32.load
        local.set $above
        local.get $above
        local.get $record
        i32.const 0
        call $compare_keys
        i32.const 0
        i32.ge_s
        if
          br 2
        end
        global.get $best_rows
        local.get $at
        i32.const 4
        i32.mul
        i32.add
        local.get $above
        i32.store
        local.get $parent
        local.set $at
        br 0
      end
    end
    global.get $best_rows
    local.get $at
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
  (func $order_records (param $skip i32)
    (local $%1 i32)
    (local $list i32)
    (local $at i32)
    (local $end i32)
    (local $last i32)
    global.get $record_count
    i32.const 4
    i32.mul
    i32.const 4
    i32.add
    call $alloc
    local.set $%1
    global.get $trap
    if
      return
    end
    local.get $%1
    local.set $list
    local.get $list
    global.get $best_rows
    global.get $record_count
    i32.const 4
    i32.mul
    memory.copy
    global.get $record_count
    i32.const 1
    i32.shr_s
    local.set $at
    block
      loop
        local.get $at
        i32.const 0
        i32.gt_s
        i32.eqz
        br_if 1
        local.get $at
        i32.const 1
        i32.sub
        local.set $at
        local.get $list
        local.get $at
        global.get $record_count
        local.get $skip
        call $sift_down
        br 0
      end
    end
    global.get $record_count
    local.set $end
    block
      loop
        local.get $end
        i32.const 1
        i32.gt_s
        i32.eqz
        br_if 1
        local.get $end
        i32.const 1
        i32.sub
        local.set $end
        local.get $list
        local.get $end
        i32.const 4
        i32.mul
        i32.add
        i32.load
        local.set $last
        local.get $list
        local.get $end
        i32.const 4
        i32.mul
        i32.add
        local.get $list
        i32.load
        i32.store
        local.get $list
        local.get $last
        i32.store
        local.get $list
        i32.const 0
        local.get $end
        local.get $skip
        call $sift_down
        br 0
      end
    end
    local.get $list
    global.set $walk_order
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
  (func $memory_compare (param $a i32) (param $b i32) (param $bytes i32) (result i32)
    (local $i i32)
    (local $$1 i32)
    (local $difference i32)
    i32.const 0
    local.set $i
    block
      loop
        local.get $i
        i32.const 8
        i32.add
        local.get $bytes
        i32.le_s
        local.set $$1
        local.get $$1
        if
          local.get $a
          local.get $i
          i32.add
          i64.load
          local.get $b
          local.get $i
          i32.add
          i64.load
          i64.eq
          local.set $$1
        end
        local.get $$1
        i32.eqz
        if
          br 2
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
        i32.sub
        local.set $difference
        local.get $difference
        i32.const 0
        i32.ne
        if
          i32.const -1
          i32.const 1
          local.get $difference
          i32.const 0
          i32.lt_s
          select
          return
        end
        local.get $i
        i32.const 1
        i32.add
        local.set $i
        br 0
      end
    end
    i32.const 0
    return
  )
  (func $keep_key (param $record i32) (param $key i64)
    (local $size i32)
    (local $%1 i32)
    (local $room i32)
    (local $%2 i32)
    local.get $key
    i64.const 32
    i64.shr_u
    i32.wrap_i64
    local.set $size
    local.get $size
    local.get $record
    i32.load offset=8
    i32.gt_s
    if
      local.get $size
      local.get $size
      i32.const 1
      i32.shr_s
      i32.add
      local.set $%1
      i32.const 16
      local.get $%1
      i32.const 16
      local.get $%1
      i32.gt_s
      select
      local.set $room
      local.get $room
      call $text_room
      local.set $%2
      global.get $trap
      if
        return
      end
      local.get $record
      local.get $%2
      i32.store
      local.get $record
      local.get $room
      i32.store offset=8
    end
    local.get $record
    local.get $size
    i32.store offset=4
    local.get $record
    i32.load
    local.get $key
    i32.wrap_i64
    local.get $size
    memory.copy
  )
  (func $sift_down (param $heap i32) (param $at i32) (param $count i32) (param $skip i32)
    (local $record i32)
    (local $child i32)
    (local $left i32)
    (local $below i32)
    local.get $heap
    local.get $at
    i32.const 4
    i32.mul
    i32.add
    i32.load
    local.set $record
    local.get $at
    i32.const 2
    i32.mul
    i32.const 1
    i32.add
    local.set $child
    block
      loop
        local.get $child
        local.get $count
        i32.lt_s
        i32.eqz
        br_if 1
        local.get $child
        i32.const 1
        i32.add
        local.get $count
        i32.lt_s
        if
          local.get $heap
          local.get $child
          i32.const 4
          i32.mul
          i32.add
          i32.load
          local.set $left
          local.get $heap
          local.get $child
          i32.const 4
          i32.mul
          i32.add
          i32.const 4
          i32.add
          i32.load
          local.get $left
          local.get $skip
          call $compare_keys
          i32.const 0
          i32.gt_s
          if
            local.get $child
            i32.const 1
            i32.add
            local.set $child
          end
        end
        local.get $heap
        local.get $child
        i32.const 4
        i32.mul
        i32.add
        i32.load
        local.set $below
        local.get $record
        local.get $below
        local.get $skip
        call $compare_keys
        i32.const 0
        i32.ge_s
        if
          br 2
        end
        local.get $heap
        local.get $at
        i32.const 4
        i32.mul
        i32.add
        local.get $below
        i32.store
        local.get $child
        local.set $at
        local.get $at
        i32.const 2
        i32.mul
        i32.const 1
        i32.add
        local.set $child
        br 0
      end
    end
    local.get $heap
    local.get $at
    i32.const 4
    i32.mul
    i32.add
    local.get $record
    i32.store
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
  (func $compare_keys (param $a i32) (param $b i32) (param $skip i32) (result i32)
    (local $%1 i32)
    (local $%2 i32)
    (local $size i32)
    local.get $a
    i32.load offset=4
    local.set $%1
    local.get $b
    i32.load offset=4
    local.set $%2
    local.get $%2
    local.get $%1
    local.get $%2
    local.get $%1
    i32.lt_s
    select
    local.get $skip
    i32.sub
    local.set $size
    local.get $a
    i32.load
    local.get $skip
    i32.add
    local.get $b
    i32.load
    local.get $skip
    i32.add
    local.get $size
    call $memory_compare
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
  (data (i32.const 64) "OWCT\01\00\00\00\02\00\00\00\03\00\00\00\03\00\00\00\c0\01\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\05\00\00\00\80\00\00\00\c0\00\00\00\00\00\00\00\0c\00\00\00\00\01\00\00@\01\00\00\80\01\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\02\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\01\01\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\04\00\00\00\07\00\00\00\07\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\01\01\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00zerotwo\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\e0?\00\00\00\00\00\00\d0?\00\00\00\00\00\00\d0?\00\00\00\00\00\00\f0?")
)
