// SPDX-License-Identifier: GPL-2.0-only

extension StepOrder {
  static let barArea = """
    mmap of the device
      fget(files) 0
      get_file_rcu(f_ref) 1 -> 2
      down_write(mmap_lock)
      get_file(f_ref) 2 -> 3 | mmap_lock
      refcount_inc_not_zero(device->refcount) 2 -> 3 | mmap_lock
      down_write(vdev->memory_lock) | mmap_lock
      dma_resv_lock(dmabuf->resv) | mmap_lock, vdev->memory_lock
      pdev->current_state == d0 | mmap_lock, vdev->memory_lock, dmabuf->resv
      le16_to_cpu(vconfig[PCI_COMMAND]) = 0x2 | mmap_lock, vdev->memory_lock, dmabuf->resv
      priv->status OK -> OK | mmap_lock, vdev->memory_lock, dmabuf->resv
      list_add_tail(vdev->dmabufs) | mmap_lock, vdev->memory_lock, dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | mmap_lock, vdev->memory_lock, dmabuf->resv
      up_write(vdev->memory_lock) | mmap_lock, vdev->memory_lock
      vma_iter_store_new(mm_mt) | mmap_lock
      down_write(i_mmap_rwsem) | mmap_lock
      up_write(i_mmap_rwsem) | mmap_lock, i_mmap_rwsem
      vma_end_write_all(vm_area_struct) | mmap_lock
      up_write(mmap_lock) | mmap_lock
      fput(f_ref) 3 -> 2
    store
      store(page table) 0x100000000000: not present
      vma_start_read(vm_area_struct)
      dma_resv_lock(dmabuf->resv) | vm_area_struct(r)
      READ_ONCE(priv->vdev) = vdev | vm_area_struct(r), dmabuf->resv
      READ_ONCE(priv->status) = OK | vm_area_struct(r), dmabuf->resv
      refcount_inc_not_zero(device->refcount) 3 -> 4 | vm_area_struct(r), dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | vm_area_struct(r), dmabuf->resv
      down_read(vdev->memory_lock) | vm_area_struct(r)
      READ_ONCE(priv->status) = OK | vm_area_struct(r), vdev->memory_lock(r)
      pdev->current_state == d0 | vm_area_struct(r), vdev->memory_lock(r)
      le16_to_cpu(vconfig[PCI_COMMAND]) = 0x2 | vm_area_struct(r), vdev->memory_lock(r)
      vmf_insert_pfn(page table) 0x100000000000 -> pfn 0x800001 | vm_area_struct(r), vdev->memory_lock(r)
      up_read(vdev->memory_lock) | vm_area_struct(r), vdev->memory_lock(r)
      refcount_dec_and_test(device->refcount) 4 -> 3 | vm_area_struct(r)
      vma_end_read(vm_area_struct) | vm_area_struct(r)
      store(page table) 0x100000000000 <- 0x1
    copy_from_user
      copy_from_user(page table) 0x100000001000: not present
      down_read(mmap_lock)
      dma_resv_lock(dmabuf->resv) | mmap_lock(r)
      READ_ONCE(priv->vdev) = vdev | mmap_lock(r), dmabuf->resv
      READ_ONCE(priv->status) = OK | mmap_lock(r), dmabuf->resv
      refcount_inc_not_zero(device->refcount) 3 -> 4 | mmap_lock(r), dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | mmap_lock(r), dmabuf->resv
      down_read(vdev->memory_lock) | mmap_lock(r)
      READ_ONCE(priv->status) = OK | mmap_lock(r), vdev->memory_lock(r)
      pdev->current_state == d0 | mmap_lock(r), vdev->memory_lock(r)
      le16_to_cpu(vconfig[PCI_COMMAND]) = 0x2 | mmap_lock(r), vdev->memory_lock(r)
      vmf_insert_pfn(page table) 0x100000001000 -> pfn 0x800002 | mmap_lock(r), vdev->memory_lock(r)
      up_read(vdev->memory_lock) | mmap_lock(r), vdev->memory_lock(r)
      refcount_dec_and_test(device->refcount) 4 -> 3 | mmap_lock(r)
      up_read(mmap_lock) | mmap_lock(r)
      copy_from_user(page table) 0x100000001000 = 0x0
    fork
      down_write(mmap_lock)
      vma_start_write(vm_area_struct) | mmap_lock
      get_file(f_ref) 1 -> 2 | mmap_lock
      down_write(i_mmap_rwsem) | mmap_lock
      up_write(i_mmap_rwsem) | mmap_lock, i_mmap_rwsem
      copy_page_range(page table) 0x100000000000 -> pfn 0x800001 | mmap_lock
      copy_page_range(page table) 0x100000001000 -> pfn 0x800002 | mmap_lock
      vma_end_write_all(vm_area_struct) | mmap_lock
      up_write(mmap_lock) | mmap_lock
    exit of the child
      down_read(mmap_lock)
      unmap_vmas(page table) 0x100000000000: cleared | mmap_lock(r)
      unmap_vmas(page table) 0x100000001000: cleared | mmap_lock(r)
      up_read(mmap_lock) | mmap_lock(r)
      down_write(mmap_lock)
      down_write(i_mmap_rwsem) | mmap_lock
      up_write(i_mmap_rwsem) | mmap_lock, i_mmap_rwsem
      remove_vma(mm_mt) | mmap_lock
      fput(f_ref) 2 -> 1 | mmap_lock
      up_write(mmap_lock) | mmap_lock
    second open
      refcount_inc_not_zero(device->refcount) 3 -> 4
      mutex_lock(dev_set->lock)
      device->open_count == 1 | dev_set->lock
      mutex_unlock(dev_set->lock) | dev_set->lock
      refcount_dec_and_test(device->refcount) 4 -> 3
    munmap of the first page
      down_write(mmap_lock)
      get_file(f_ref) 1 -> 2 | mmap_lock
      vma_start_write(vm_area_struct) | mmap_lock
      down_write(i_mmap_rwsem) | mmap_lock
      __split_vma(mm_mt) | mmap_lock, i_mmap_rwsem
      up_write(i_mmap_rwsem) | mmap_lock, i_mmap_rwsem
      vma_iter_clear_gfp(mm_mt) | mmap_lock
      vma_end_write_all(vm_area_struct) | mmap_lock
      downgrade_write(mmap_lock) | mmap_lock
      unmap_vmas(page table) 0x100000000000: cleared | mmap_lock(r)
      down_write(i_mmap_rwsem) | mmap_lock(r)
      up_write(i_mmap_rwsem) | mmap_lock(r), i_mmap_rwsem
      fput(f_ref) 2 -> 1 | mmap_lock(r)
      up_read(mmap_lock) | mmap_lock(r)
    the end of the machine
      down_read(mmap_lock)
      unmap_vmas(page table) 0x100000001000: cleared | mmap_lock(r)
      up_read(mmap_lock) | mmap_lock(r)
      down_write(mmap_lock)
      down_write(i_mmap_rwsem) | mmap_lock
      up_write(i_mmap_rwsem) | mmap_lock, i_mmap_rwsem
      remove_vma(mm_mt) | mmap_lock
      fput(f_ref) 1 -> 0 | mmap_lock
      up_write(mmap_lock) | mmap_lock
      close_files(files)
      fput(f_ref) 2 -> 1
      priv->vdev == vdev
      down_write(vdev->memory_lock)
      list_del_init(vdev->dmabufs) | vdev->memory_lock
      up_write(vdev->memory_lock) | vdev->memory_lock
      refcount_dec_and_test(device->refcount) 3 -> 2
      fput(f_ref) 1 -> 0
      kfree(struct vfio_pci_dma_buf)
      list_empty(dmabuf->attachments) = 1
      kfree(struct file)
      mutex_lock(dev_set->lock)
      down_write(vdev->memory_lock) | dev_set->lock
      list_for_each_entry_safe(vdev->dmabufs) 0 buffers | dev_set->lock, vdev->memory_lock
      up_write(vdev->memory_lock) | dev_set->lock, vdev->memory_lock
      pdev->current_state == d0 | dev_set->lock
      pci_read_config_word(PCI_COMMAND) = 0x2 | dev_set->lock
      vfio_config_free(vconfig[PCI_COMMAND]) | dev_set->lock
      pci_read_config_word(PCI_COMMAND) = 0x2 | dev_set->lock
      pci_write_config_word(PCI_COMMAND) 0x2 -> 0x0 | dev_set->lock
      device->open_count 1 -> 0 | dev_set->lock
      mutex_unlock(dev_set->lock) | dev_set->lock
      refcount_dec_and_test(device->refcount) 2 -> 1
      kfree(struct file)
      kasan_byte_accessible(struct vfio_pci_core_device) = 1
      refcount_dec_and_test(device->refcount) 1 -> 0
      complete(device->comp) done = 1
      wait_for_completion(device->comp) done = 0
      kfree(struct vfio_pci_core_device)
    """
}
